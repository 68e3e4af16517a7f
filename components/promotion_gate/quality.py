"""How good a model's probabilities are on one slice: exact, weighted, in float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

_CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1 in the log loss, as Keras does."""

METRICS = (
    "auc",
    "logloss",
    "calibration",
    "positives",
    "negatives",
    "weighted_positives",
    "weighted_negatives",
    "nonfinite_scores",
)
"""The names of the numbers below, in order."""


@dataclasses.dataclass(frozen=True)
class Quality:
    """The numbers of one model, output and slice.

    Only rows of the output's space (weight > 0) count, but for `nonfinite_scores`: a model
    must score every row. A number that the rows do not define is NaN: AUC without both
    classes, calibration without a positive, log loss without a row, and all three where a
    score is not finite.

    Attributes:
      auc: weighted area under the ROC curve; ties count one half.
      logloss: weighted mean of -ln p(target), natural logarithm.
      calibration: weighted sum of the scores over weighted sum of the targets.
      positives: number of rows with target 1.
      negatives: number of rows with target 0.
      weighted_positives: their weight.
      weighted_negatives: their weight.
      nonfinite_scores: number of rows, inside the space or not, whose score is NaN or infinite.
    """

    auc: float
    logloss: float
    calibration: float
    positives: float
    negatives: float
    weighted_positives: float
    weighted_negatives: float
    nonfinite_scores: float


def weighted_auc(target: Any, score: Any, weight: Any) -> float:
    """Returns P(score of a positive > score of a negative) + P(equal) / 2, weighted.

    Args:
      target: 0 or 1, [B].
      score: finite, [B].
      weight: > 0, [B].

    Returns:
      A number in [0, 1]; NaN without both classes.
    """
    order = np.argsort(score, kind="stable")
    positive = np.where(target[order] > 0, weight[order], 0.0)
    negative = weight[order] - positive
    total = positive.sum() * negative.sum()
    if total == 0:
        return float("nan")
    scores = score[order]
    first_of_tie = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    positive = np.add.reduceat(positive, first_of_tie)
    negative = np.add.reduceat(negative, first_of_tie)
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / total)


def quality(target: Any, score: Any, weight: Any) -> Quality:
    """Computes all numbers of one model, output and slice.

    Args:
      target: 0 or 1, [B].
      score: predicted probabilities, [B].
      weight: the rows' weights, 0 outside the output's space, [B].
    """
    nonfinite = int((~np.isfinite(score)).sum())
    inside = np.asarray(weight) > 0
    target, score, weight = (
        np.asarray(values)[inside].astype(np.float64) for values in (target, score, weight)
    )
    positive = target > 0
    positives, negatives = int(positive.sum()), int((~positive).sum())
    weighted_positives = float(weight[positive].sum())
    weighted_negatives = float(weight[~positive].sum())
    auc = logloss = calibration = float("nan")
    if score.size and not nonfinite:
        auc = weighted_auc(target, score, weight)
        clipped = np.clip(score, _CLIP, 1 - _CLIP)
        losses = -np.log(np.where(positive, clipped, 1 - clipped))
        logloss = float((weight * losses).sum() / weight.sum())
        if positives:
            calibration = float((weight * score).sum() / weighted_positives)
    return Quality(
        auc,
        logloss,
        calibration,
        positives,
        negatives,
        weighted_positives,
        weighted_negatives,
        nonfinite,
    )
