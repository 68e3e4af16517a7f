"""What the gate asks of a candidate."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import pydantic

from common.names import OVERALL, OVERALL_BEFORE_FORMAT_2
from common.settings import Settings, SettingsError
from common.suggestions import nearest
from schemas.contract import Contract


def _with_an_inside(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"{limits[0]:g} is above {limits[1]:g}; write the smaller limit first")
    return limits


_Range = Annotated[tuple[float, float], pydantic.AfterValidator(_with_an_inside)]
_AUC = Annotated[float, pydantic.Field(ge=0, le=1)]
_Drop = Annotated[float, pydantic.Field(ge=0, allow_inf_nan=False)]
_Positive = Annotated[int, pydantic.Field(ge=1)]


class Thresholds(NamedTuple):
    """The limits of one cell; None asks nothing.

    Attributes:
      auc_at_least: smallest AUC.
      calibration_between: smallest and largest sum of scores over sum of targets.
      logloss_at_most: largest log loss (natural logarithm).
      auc_drop_at_most: largest drop of the AUC below the baseline's.
      gauc_drop_at_most: largest drop of the GAUC.
      logloss_rise_at_most: largest rise of the log loss above the baseline's.
      min_positives: fewer positives than this are insufficient data.
      min_negatives: fewer negatives than this are too.
    """

    auc_at_least: float | None
    calibration_between: _Range | None
    logloss_at_most: float | None
    auc_drop_at_most: float | None
    gauc_drop_at_most: float | None
    logloss_rise_at_most: float | None
    min_positives: int
    min_negatives: int

    def enough(self, positives: float, negatives: float) -> bool:
        """Whether a cell of so many rows of each class is judged."""
        return positives >= self.min_positives and negatives >= self.min_negatives


class Override(Settings):
    """The limits that differ for one output or one output/scenario; the rest is inherited."""

    auc_at_least: _AUC | None = None
    calibration_between: _Range | None = None
    logloss_at_most: float | None = None
    auc_drop_at_most: _Drop | None = None
    gauc_drop_at_most: _Drop | None = None
    logloss_rise_at_most: _Drop | None = None
    min_positives: _Positive = 1
    min_negatives: _Positive = 1


class GateConfig(Settings):
    """The gate's limits, all of which decide on evidence (see `verdict.judge_all`).

    Attributes:
      auc_at_least: smallest AUC of a cell, or None.
      calibration_between: smallest and largest calibration of a cell, or None.
      logloss_at_most: largest log loss of a cell, or None.
      auc_drop_at_most: largest drop of a cell's AUC below the baseline's, or None.
      gauc_drop_at_most: largest drop of its GAUC.
      logloss_rise_at_most: largest rise of its log loss.
      min_positives: a cell with fewer positives is `insufficient data`.
      min_negatives: a cell with fewer negatives is `insufficient data`.
      overrides: keyed `output`, `output/scenario` or `output/*` (all scenarios together); the
        more special wins.
      must_have_data: the outputs whose overall cell may not be `insufficient data` for want of
        rows or because a drop is neither proved nor refuted; None means every output.
      undecided_value: what an overall value does whose interval reaches over a limit: `warn`
        prints it, `refuse` refuses the candidate too, where the output is in
        `must_have_data`.
      beats_references: what it means that the candidate is proved to rank worse than a reference
        model: `off` compares nothing, `warn` says so, `refuse` keeps it from being promoted.
    """

    auc_at_least: _AUC | None = 0.55
    calibration_between: _Range | None = (0.7, 1.4)
    logloss_at_most: float | None = None
    auc_drop_at_most: _Drop | None = 0.01
    gauc_drop_at_most: _Drop | None = None
    logloss_rise_at_most: _Drop | None = None
    min_positives: _Positive = 30
    min_negatives: _Positive = 30
    overrides: dict[str, Override] = {}
    must_have_data: tuple[str, ...] | None = None
    undecided_value: Literal["warn", "refuse"] = "warn"
    beats_references: Literal["off", "warn", "refuse"] = "warn"

    @pydantic.field_validator("beats_references", mode="before")
    @classmethod
    def _yaml_reads_off_as_false(cls, value: Any) -> Any:
        return "off" if value is False else value

    def check_names(self, contract: Contract) -> None:
        """Refuses outputs and scenarios that the contract does not have, and GAUC without users.

        Raises:
          SettingsError: with the nearest valid name, or the key to drop.
        """
        limits = {"": self.gauc_drop_at_most}
        limits |= {f"overrides.{k}.": x.gauc_drop_at_most for k, x in self.overrides.items()}
        for key, limit in limits.items():
            if limit is not None and contract.user_id is None:
                raise SettingsError(
                    f"gate.{key}gauc_drop_at_most is {limit:g}, but the schema has no user_id, and "
                    "GAUC is a mean over users: drop the key, or tag the column that tells "
                    "persons apart"
                )
        outputs = [output.name for output in contract.tasks.outputs]
        for key in self.overrides:
            output, slash, scenario = key.partition("/")
            _check("overrides", key, "output", output, outputs)
            if slash:
                _check_scenario(key, scenario, contract.measured_scenarios)
        for output in self.must_have_data or ():
            _check("must_have_data", output, "output", output, outputs)

    def must_decide(self, output: str, scenario: str) -> bool:
        """Whether `insufficient data` of a cell refuses the candidate."""
        needed = self.must_have_data
        return scenario == OVERALL and (needed is None or output in needed)

    def thresholds(self, output: str, scenario: str) -> Thresholds:
        """Returns the limits of one cell; `scenario` is a scenario's name or OVERALL."""
        values: dict[str, Any] = {name: getattr(self, name) for name in Thresholds._fields}
        for key in (output, f"{output}/{scenario}"):
            if key in self.overrides:
                values |= self.overrides[key].model_dump(exclude_unset=True)
        return Thresholds(**values)


def _check_scenario(key: str, scenario: str, scenarios: tuple[str, ...]) -> None:
    if scenario == OVERALL_BEFORE_FORMAT_2 and scenario not in scenarios:
        output = key.partition("/")[0]
        raise SettingsError(
            f"gate.overrides: '{key}': no scenario is called '{scenario}'; for all scenarios "
            f"together write '{output}/{OVERALL}'"
        )
    _check("overrides", key, "scenario", scenario, [OVERALL, *scenarios])


def _check(where: str, key: str, kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise SettingsError(
            f"gate.{where}: '{key}': unknown {kind} '{name}'; {nearest(name, known)}"
        )
