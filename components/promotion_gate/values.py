"""Whether values keep their limits: decided by their intervals, not by the values alone."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig, Thresholds
from components.promotion_gate.drops import ONE_SIDED
from models.metrics.names import AUC, CALIBRATION, JUDGED, LOGLOSS, TITLES
from models.metrics.quality import Quality
from models.metrics.significance import holm
from models.metrics.value_intervals import p_above, p_below, value_interval

_DIGITS = {AUC: 4, LOGLOSS: 4, CALIBRATION: 3}


@dataclasses.dataclass(frozen=True)
class ValueTest:
    """One metric of one cell against its limits.

    Attributes:
      metric: a metric of `names.JUDGED`.
      value: the candidate's.
      interval: its 95 % interval; NaN where it has no standard error.
      at_least: the smallest value that is allowed, or -inf.
      at_most: the largest, or inf.
      adjusted_p: of "the value keeps its limits", one-sided, adjusted for the metrics of all
        cells that have limits; NaN without a standard error.
      tests: how many they are.
    """

    metric: str
    value: float
    interval: tuple[float, float]
    at_least: float
    at_most: float
    adjusted_p: float
    tests: int

    @property
    def broken(self) -> bool:
        """Whether the value is proved to be outside its limits."""
        return self.adjusted_p < ONE_SIDED

    @property
    def kept(self) -> bool:
        """Whether the interval lies inside the limits."""
        return self.at_least <= self.interval[0] and self.interval[1] <= self.at_most

    @property
    def sentence(self) -> str:
        """The value, its interval and its limits, in words."""
        value = f"{TITLES[self.metric]} {self._text(self.value)}"
        if math.isnan(self.interval[0]):
            return f"{value} has no standard error and may or may not be {self._inside}"
        low, high = self.interval
        interval = f" (95 % interval {self._text(low)} to {self._text(high)})"
        found = value if low == high else value + interval
        if self.broken:
            return f"{found} is {self._outside}"
        if high < self.at_least or low > self.at_most:
            return (
                f"{found} is {self._outside}, but only with p {self.adjusted_p:.2g} when adjusted "
                f"for {self.tests} values"
            )
        return f"{found} may or may not be {self._inside}"

    def as_json(self) -> dict[str, Any]:
        """Returns plain values; a side without a limit is null."""
        return {
            "at_least": self.at_least,
            "at_most": self.at_most,
            "adjusted_p": self.adjusted_p,
            "decision": "broken" if self.broken else "kept" if self.kept else "undecided",
        }

    @property
    def _inside(self) -> str:
        if math.isinf(self.at_most):
            return f"at least {self.at_least:g}"
        if math.isinf(self.at_least):
            return f"at most {self.at_most:g}"
        return f"within {self.at_least:g} to {self.at_most:g}"

    @property
    def _outside(self) -> str:
        if math.isinf(self.at_most):
            return f"below {self.at_least:g}"
        if math.isinf(self.at_least):
            return f"above {self.at_most:g}"
        return f"outside {self.at_least:g} to {self.at_most:g}"

    def _text(self, number: float) -> str:
        return f"{number:.{_DIGITS[self.metric]}f}"


def values_of_cells(cells: Sequence[Cell], config: GateConfig) -> list[list[ValueTest]]:
    """Returns, for every cell, the metrics that have limits.

    Cells that fail or are insufficient whatever their intervals are (a number that is not
    finite, too few positives or negatives) are not tested, and count in no adjustment.
    """
    limits = {
        (index, metric): bounds
        for index, cell in enumerate(cells)
        for metric, bounds in _limits(cell, config.thresholds(cell.output, cell.scenario))
    }
    p_values = {
        (index, metric): _p(cells[index].candidate, metric, *bounds)
        for (index, metric), bounds in limits.items()
    }
    adjusted = holm(p_values)
    tests = sum(not math.isnan(p) for p in p_values.values())
    return [
        [
            ValueTest(
                metric,
                getattr(cells[at].candidate, metric),
                value_interval(cells[at].candidate, metric),
                *bounds,
                adjusted[at, metric],
                tests,
            )
            for (at, metric), bounds in limits.items()
            if at == index
        ]
        for index in range(len(cells))
    ]


def _p(found: Quality, metric: str, at_least: float, at_most: float) -> float:
    """Of "the value keeps its limits", one-sided: of two, the one that it is nearer to breaking."""
    sides = []
    if math.isfinite(at_least):
        sides.append(p_below(found, metric, at_least))
    if math.isfinite(at_most):
        sides.append(p_above(found, metric, at_most))
    return min(sides)


def _limits(cell: Cell, limits: Thresholds) -> Iterator[tuple[str, tuple[float, float]]]:
    found = cell.candidate
    defined = all(math.isfinite(getattr(found, metric)) for metric in JUDGED)
    if not (defined and limits.enough(found.positives, found.negatives)):
        return
    if limits.auc_at_least is not None:
        yield AUC, (limits.auc_at_least, math.inf)
    if limits.calibration_between is not None:
        yield CALIBRATION, limits.calibration_between
    if limits.logloss_at_most is not None:
        yield LOGLOSS, (-math.inf, limits.logloss_at_most)
