"""Exact, weighted metrics of probabilities of a binary target."""

from __future__ import annotations

import math

import numpy as np

_HELD_AWAY = 1e-7


def base_rate(targets: np.ndarray, weights: np.ndarray) -> float:
    """The weighted mean target; NaN where all weights are 0.

    Args:
      targets: 0 or 1, [N].
      weights: at least 0, [N].
    """
    total = float(weights.sum(dtype=np.float64))
    return float((weights.astype(np.float64) * targets).sum() / total) if total else math.nan


def weighted_auc(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Area under the ROC curve, exact, ties counted one half.

    ``sum_ij u_i v_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum_i u_i sum_j v_j)`` over positives
    i of weight u and negatives j of weight v.

    Args:
      targets: 0 or 1, [N].
      scores: any order-preserving score, [N].
      weights: at least 0, [N].

    Returns:
      The area, or NaN without a positive or without a negative of weight above 0, and where a
      score is NaN or infinite.
    """
    if not np.isfinite(scores).all():
        return math.nan
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    if not len(starts):
        return math.nan
    weighted = weights[order].astype(np.float64)
    is_positive = targets[order] > 0.5
    positives = np.add.reduceat(weighted * is_positive, starts)
    negatives = np.add.reduceat(weighted * ~is_positive, starts)
    pairs = positives.sum() * negatives.sum()
    if not pairs:
        return math.nan
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / pairs)


def log_losses(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """-ln of the probability given to what happened, float64 [N], in nats.

    Probabilities are held 1e-7 away from 0 and 1, as Keras does.

    Args:
      targets: 0 or 1, [N].
      scores: probabilities, [N].
    """
    held = np.clip(scores.astype(np.float64), _HELD_AWAY, 1 - _HELD_AWAY)
    return -np.where(targets > 0.5, np.log(held), np.log1p(-held))


def weighted_log_loss(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of `log_losses`.

    Args:
      targets: 0 or 1, [N].
      scores: probabilities, [N].
      weights: at least 0, [N].

    Returns:
      The loss in nats, or NaN where all weights are 0.
    """
    total = float(weights.sum(dtype=np.float64))
    if not total:
        return math.nan
    return float((weights * log_losses(targets, scores)).sum() / total)
