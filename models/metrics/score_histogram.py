"""Scores counted in fine bins: AUC of any number of rows, with the error that bins can make."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from models.metrics.calibration import Deciles, deciles_of_groups

Array = npt.NDArray[np.float64]

_BINS = 1 << 16
_LARGEST_LOGIT = 16.0
_WIDTH = 2 * _LARGEST_LOGIT / _BINS


@dataclasses.dataclass(frozen=True)
class ScoreHistogram:
    """Weights of one model's scores of one output, in equal bins of the logit.

    65,536 bins from -16 to 16: scores of one bin differ by less than .0005 of p (1 - p).

    Attributes:
      weights: of negatives and positives, float64 [2, 65536]; changed by `add`.
    """

    weights: Array = dataclasses.field(default_factory=lambda: np.zeros((2, _BINS)))

    def add(self, target: Array, score: Array, weight: Array) -> None:
        """Counts rows: target 0 or 1, finite score (held to 0 and 1) and weight above 0, [N]."""
        held = np.clip(score, 0, 1)
        with np.errstate(divide="ignore"):
            logit = np.log(held) - np.log1p(-held)
        where = np.clip((logit + _LARGEST_LOGIT) / _WIDTH, 0, _BINS - 1).astype(np.int64)
        for kind in (0, 1):
            chosen = target > 0.5 if kind else target <= 0.5
            self.weights[kind] += np.bincount(where[chosen], weight[chosen], _BINS)

    def auc(self) -> tuple[float, float]:
        """Returns the AUC and how far it may be off; NaN without both classes.

        Pairs in different bins are ranked as their scores are. Those of one bin count one
        half, and are at most wrong by one half: the error is half their share.
        """
        negatives, positives = self.weights
        pairs = positives.sum() * negatives.sum()
        if not pairs:
            return math.nan, math.nan
        below = np.cumsum(negatives) - negatives
        tied = float(positives @ negatives / pairs) / 2
        return min(float(positives @ below / pairs) + tied, 1.0), tied

    def deciles(self) -> Deciles:
        """Returns `deciles` of the counted rows, a bin's middle being its rows' score."""
        weights = self.weights.sum(axis=0)
        (filled,) = np.nonzero(weights)
        logits = (filled + 0.5) * _WIDTH - _LARGEST_LOGIT
        scores = 1 / (1 + np.exp(-logits))
        return deciles_of_groups(self.weights[1, filled], weights[filled] * scores, weights[filled])
