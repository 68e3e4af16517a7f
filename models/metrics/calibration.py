"""Calibration by decile: what was predicted and what happened, a tenth of the rows at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DECILES = 10
Array = npt.NDArray[np.float64]
Deciles = tuple[tuple[float, float], ...]


def deciles(target: Array, score: Array, weight: Array) -> Deciles:
    """Returns (mean score, mean target) of every tenth of the rows' weight by score.

    Rows of equal scores stay together, in the tenth where the middle of their weight lies; a
    tenth may then be empty, and its means NaN.

    Args:
      target: 0 or 1, [N].
      score: finite, [N].
      weight: above 0, [N].
    """
    if not len(score):
        return ((np.nan, np.nan),) * DECILES
    order = np.argsort(score, kind="stable")
    ordered, weights = score[order], weight[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return deciles_of_groups(
        np.add.reduceat(weights * target[order], starts),
        np.add.reduceat(weights * ordered, starts),
        np.add.reduceat(weights, starts),
    )


def deciles_of_groups(target_sums: Array, score_sums: Array, weights: Array) -> Deciles:
    """As `deciles`, of groups of rows in ascending order of their scores.

    Args:
      target_sums: weighted sum of the targets, [G].
      score_sums: weighted sum of the scores, [G].
      weights: of the groups, [G].
    """
    up_to = np.cumsum(weights)
    middles = (up_to - weights / 2) / up_to[-1]
    tenth = np.minimum((DECILES * middles).astype(np.int64), DECILES - 1)
    score, target, weight = (
        np.bincount(tenth, sums, DECILES) for sums in (score_sums, target_sums, weights)
    )
    with np.errstate(invalid="ignore"):
        means = np.stack([score / weight, target / weight], axis=1)
    return tuple((float(predicted), float(happened)) for predicted, happened in means)
