"""Whether metrics dropped below the baseline's by more than they may."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.names import AUC, GAUC, LOGLOSS, SMALLER_IS_BETTER, TITLES
from models.metrics.significance import holm

ONE_SIDED = 0.025
"""What the p of a refusal must be below, adjusted for all tests."""


@dataclasses.dataclass(frozen=True)
class Drop:
    """One metric of one cell, compared with the baseline's.

    Attributes:
      metric: a metric of `names.COMPARED`.
      gain: what the candidate is better by; negative for a drop.
      limit: the largest drop that is allowed.
      adjusted_p: of "the drop is at most the limit", adjusted for all cells and metrics.
    """

    metric: str
    gain: Difference
    limit: float
    adjusted_p: float

    @property
    def proved(self) -> bool:
        """Whether the drop is more than the limit."""
        return self.adjusted_p < ONE_SIDED

    @property
    def refuted(self) -> bool:
        """Whether the drop is at most the limit."""
        return self.gain.known and self.gain.interval()[0] >= -self.limit

    @property
    def sentence(self) -> str:
        """The metric's change, its interval and its limit, in words."""
        name = TITLES[self.metric]
        if not self.gain.known:
            return f"{name} can't be compared with the baseline's"
        low, high = self.gain.interval()
        side = "worse" if self.gain.value < 0 else "better"
        return (
            f"{name} is {abs(self.gain.value):.4f} {side} than the baseline's (95 % interval of "
            f"the gain {low:+.4f} to {high:+.4f}; a drop of {self.limit:g} is allowed)"
        )


def drops_of_cells(cells: Sequence[Cell], config: GateConfig) -> list[list[Drop]]:
    """Returns, for every cell, the metrics that have a limit; empty without a baseline.

    Cells with too few positives or negatives are not tested, and count in no adjustment.
    """
    tested: dict[tuple[int, str], tuple[Difference, float]] = {}
    for index, cell in enumerate(cells):
        limits = config.thresholds(cell.output, cell.scenario)
        enough = limits.enough(cell.candidate.positives, cell.candidate.negatives)
        if cell.baseline is None or not enough:
            continue
        for metric, limit in (
            (AUC, limits.auc_drop_at_most),
            (GAUC, limits.gauc_drop_at_most),
            (LOGLOSS, limits.logloss_rise_at_most),
        ):
            if limit is not None:
                found = cell.differences.get(metric, UNKNOWN)
                tested[index, metric] = (_gain(metric, found), limit)
    adjusted = holm({key: gain.p_below(-limit) for key, (gain, limit) in tested.items()})
    return [
        [
            Drop(metric, gain, limit, adjusted[where, metric])
            for (where, metric), (gain, limit) in tested.items()
            if where == index
        ]
        for index in range(len(cells))
    ]


def _gain(metric: str, difference: Difference) -> Difference:
    """What the candidate is better by."""
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    return dataclasses.replace(difference, value=sign * difference.value)
