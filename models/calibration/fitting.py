"""The fit of a model's calibration, on its validation rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.special import expit

from common.names import OVERALL
from models.calibration.calibration import Curves
from models.calibration.isotonic import IsotonicFit
from models.calibration.platt import PlattFit
from models.calibration.points import Points, points_of
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from models.training.scoring import make_scorer
from models.training.validation import validation_metrics


class _Fit(Protocol):
    """The fit of one output: a method's curves."""

    pooled: Any

    def own(self, points: Points) -> Any:
        """Returns the curve of one scenario's rows."""

    def in_graph(self, curves: Sequence[Any]) -> Curves:
        """Returns the curves of all scenarios for a graph."""


METHODS: dict[str, Callable[[Points], _Fit]] = {"platt": PlattFit, "isotonic": IsotonicFit}


def calibrate(
    ranker: Ranker, validation: InMemorySplit, training: TrainingConfig
) -> dict[str, Any] | None:
    """Gives a trained model its calibration; what is traced of it from now on has it.

    Args:
      ranker: the model, with its last weights and in its last form.
      validation: the validation rows, with the defaults of `train_only` columns.
      training: its `calibration` and `calibration_rows`.

    Returns:
      The fit, as plain values: `method`, `rows` (n0), `outputs` (output -> scenario or OVERALL
      -> `positives`, `negatives`, `weight` and the curve's parameters; empty for an output that
      is left as it is) and the metrics of `validation` `before` and `after`. None, and the
      model as it was, where `calibration` is `none`.
    """
    if training.calibration == "none":
        return None
    log_odds = make_scorer(ranker, validation, training.batch_size, log_odds=True)(validation)
    curves, facts = fit_curves(
        training.calibration,
        training.calibration_rows,
        validation,
        log_odds,
        ranker.layout.scenarios,
    )
    before = {output: expit(values) for output, values in log_odds.items()}
    ranker.calibrate(curves)
    after = make_scorer(ranker, validation, training.batch_size)(validation)
    return {
        "method": training.calibration,
        "rows": training.calibration_rows,
        "outputs": facts,
        "validation": {
            "before": validation_metrics(validation, before, before),
            "after": validation_metrics(validation, after, after),
        },
    }


def fit_curves(
    method: str,
    rows: float,
    validation: InMemorySplit,
    log_odds: Mapping[str, np.ndarray],
    scenarios: Sequence[str],
) -> tuple[dict[str, Curves], dict[str, Any]]:
    """Fits every output on the rows of its own space; see `fit_output`.

    Args:
      method: a name in `METHODS`.
      rows: n0.
      validation: N labelled rows.
      log_odds: what a model says of them, output -> [N].
      scenarios: their names in the order of their ids.

    Returns:
      The curves of the outputs that have some, and the facts of every output.
    """
    curves: dict[str, Curves] = {}
    facts: dict[str, Any] = {}
    scenario = validation.column(SCENARIO_KEY)
    for output, values in log_odds.items():
        points, inside = points_of(validation, output, values)
        found = fit_output(method, rows, points, scenario[inside], scenarios)
        facts[output] = {} if found is None else found[1]
        if found is not None:
            curves[output] = found[0]
    return curves, facts


def fit_output(
    method: str, rows: float, points: Points, scenario: np.ndarray, scenarios: Sequence[str]
) -> tuple[Curves, dict[str, Any]] | None:
    """Fits the curve of all scenarios, and shrinks each scenario's own to it.

    The curve of a scenario is ``w own + (1 - w) pooled`` in log-odds, ``w = n / (n + n0)`` with
    n the number of rows of its rarer class: with few of them, or none, it is the pooled one.

    Args:
      method: a name in `METHODS`.
      rows: n0, at least 0.
      points: the labelled rows of the output's space.
      scenario: of these rows, int [n].
      scenarios: their names in the order of their ids.

    Returns:
      The curves for a graph and the facts of each; None where all rows are of one class, so that
      there is nothing to fit.
    """
    if not points.rarer:
        return None
    fit = METHODS[method](points)
    curves: list[Any] = []
    facts = {OVERALL: {**_counts(points), "weight": 1.0, **fit.pooled.document()}}
    for index, name in enumerate(scenarios):
        own = points.where(scenario == index)
        weight = own.rarer / (own.rarer + rows) if own.rarer else 0.0
        curve = fit.own(own).toward(fit.pooled, weight) if weight else fit.pooled
        curves.append(curve)
        facts[name] = {**_counts(own), "weight": weight, **curve.document()}
    return fit.in_graph(curves), facts


def _counts(points: Points) -> dict[str, Any]:
    return {"positives": points.positives, "negatives": points.negatives}
