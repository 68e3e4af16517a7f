"""The rows that a curve is fitted on."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import target_key, weight_key

_LARGEST = 100.0
"""Log-odds beyond it are fitted as if they were there; no probability in float64 is nearer to 1."""

ALIKE = 1e-3
"""Log-odds that differ by less are taken for equal: much of it may be float32's rounding."""

FEWEST_ROWS = 10
"""Rows of the rarer class without which no more than an offset is fitted."""


@dataclasses.dataclass(frozen=True)
class Points:
    """Labelled rows of one output's space.

    Attributes:
      log_odds: what the model says of them, finite, float64 [n].
      positive: whether the target is 1, bool [n].
      weight: of the rows, above 0, float64 [n].
    """

    log_odds: np.ndarray
    positive: np.ndarray
    weight: np.ndarray

    def __len__(self) -> int:
        """Number of rows, n."""
        return len(self.log_odds)

    @property
    def positives(self) -> int:
        """Number of rows whose target is 1, whatever they weigh."""
        return int(self.positive.sum())

    @property
    def negatives(self) -> int:
        """Number of rows whose target is 0, whatever they weigh."""
        return len(self) - self.positives

    @property
    def rarer(self) -> int:
        """Number of rows of the class that has fewer."""
        return min(self.positives, self.negatives)

    def where(self, chosen: np.ndarray) -> Points:
        """Returns the rows that a mask or positions choose."""
        return Points(self.log_odds[chosen], self.positive[chosen], self.weight[chosen])


def points_of(rows: InMemorySplit, output: str, log_odds: np.ndarray) -> tuple[Points, np.ndarray]:
    """Returns the rows inside an output's space, and their positions, int [n].

    Args:
      rows: N labelled rows.
      output: the output's name.
      log_odds: the model's, of all rows, [N].
    """
    weight = rows.column(weight_key(output)).astype(np.float64)
    inside = np.flatnonzero(weight > 0)
    held = np.clip(log_odds[inside].astype(np.float64), -_LARGEST, _LARGEST)
    positive = rows.column(target_key(output))[inside] > 0.5
    return Points(held, positive, weight[inside]), inside
