"""The Evaluator's numbers as cells: one per output x (all rows, each scenario)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from common.names import OVERALL
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.names import COMPARED
from models.metrics.quality import METRICS, Quality
from models.metrics.tfma.eval_config import BASELINE, CANDIDATE
from models.metrics.tfma.quality_metric import DECILES_KEY, difference_keys
from schemas.contract import Contract

_EMPTY = Quality(*(float("nan"),) * 3, 0, 0, 0.0, 0.0, 0)


@dataclasses.dataclass(frozen=True)
class Cell:
    """The numbers of one output on one slice.

    Attributes:
      output: the output's name.
      scenario: the scenario's name, or OVERALL.
      candidate: the new model's numbers.
      baseline: the last pushed version's, on the same rows; None where there is none.
      differences: of every metric in `COMPARED`, candidate less baseline; empty without one.
    """

    output: str
    scenario: str
    candidate: Quality
    baseline: Quality | None
    differences: Mapping[str, Difference] = dataclasses.field(default_factory=dict)


def read_cells(contract: Contract, metrics: Any, baseline_exists: bool) -> list[Cell]:
    """Builds the cells of every output and scenario of the contract.

    A scenario without a row in the eval split has a cell of zero counts. Values of the
    scenario column that the contract does not list are left out: they are DataGate's matter.

    Args:
      contract: the data contract.
      metrics: MetricsForSlice protos, as of `tfma.load_metrics`.
      baseline_exists: False where the Evaluator's baseline was the null model.
    """
    numbers: dict[tuple[str, str, str], dict[str, Any]] = {}
    known = {
        *METRICS,
        DECILES_KEY,
        *(name for metric in COMPARED for name in difference_keys(metric)),
    }
    for of_slice in metrics:
        scenario = _scenario_of(of_slice.slice_key)
        for item in of_slice.metric_keys_and_values:
            if item.key.name in known and not item.key.is_diff:
                cell = numbers.setdefault((item.key.model_name, item.key.output_name, scenario), {})
                cell[item.key.name] = _number_or_array(item.value)

    def of(model: str, output: str, scenario: str) -> Quality:
        values = numbers.get((model, output, scenario))
        if not values:
            return _EMPTY
        flat = values[DECILES_KEY]
        deciles = tuple(zip(flat[::2], flat[1::2], strict=True))
        return Quality(**{name: values[name] for name in METRICS}, deciles=deciles)

    def differences(output: str, scenario: str) -> dict[str, Difference]:
        values = numbers.get((CANDIDATE, output, scenario))
        if not (baseline_exists and values):
            return dict.fromkeys(COMPARED, UNKNOWN) if baseline_exists else {}
        return {
            metric: Difference(*(values[name] for name in difference_keys(metric)))
            for metric in COMPARED
        }

    return [
        Cell(
            output.name,
            scenario,
            of(CANDIDATE, output.name, scenario),
            of(BASELINE, output.name, scenario) if baseline_exists else None,
            differences(output.name, scenario),
        )
        for output in contract.tasks.outputs
        for scenario in (OVERALL, *contract.measured_scenarios)
    ]


def _number_or_array(value: Any) -> Any:
    if value.WhichOneof("type") == "array_value":
        return tuple(value.array_value.float64_values)
    return value.double_value.value


def _scenario_of(slice_key: Any) -> str:
    for part in slice_key.single_slice_keys:
        value = getattr(part, part.WhichOneof("kind"))
        return value.decode() if isinstance(value, bytes) else str(value)
    return OVERALL
