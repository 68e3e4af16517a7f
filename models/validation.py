"""Exact metrics of the validation split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from models.batches import HeldRows
from models.inputs import target_key, weight_key

Metrics = dict[str, dict[str, float]]
"""Output -> metric (`auc`, `logloss`) -> value; NaN where it is undefined."""


def weighted_auc(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Area under the ROC curve, exact, ties counted one half.

    ``sum_ij u_i v_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum_i u_i sum_j v_j)`` over positives
    i of weight u and negatives j of weight v.

    Args:
      targets: 0 or 1, [N].
      scores: any order-preserving score, [N].
      weights: at least 0, [N].

    Returns:
      The area, or NaN without a positive or without a negative of weight above 0.
    """
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


def weighted_log_loss(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    """Mean of -log of the probability given to what happened, in nats.

    Probabilities are held 1e-7 away from 0 and 1. NaN where all weights are 0.
    """
    total = float(weights.sum(dtype=np.float64))
    if not total:
        return math.nan
    held = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    losses = -np.where(targets > 0.5, np.log(held), np.log1p(-held))
    return float((weights * losses).sum() / total)


def validation_metrics(
    rows: HeldRows, scores: Mapping[str, np.ndarray], outputs: Iterable[str]
) -> Metrics:
    """Computes AUC and log loss of each output over its own space."""
    found: Metrics = {}
    for output in outputs:
        weights = rows.column(weight_key(output))
        inside = weights > 0
        columns = (rows.column(target_key(output)), scores[output], weights)
        targets, predicted, weights = (column[inside] for column in columns)
        found[output] = {
            "auc": weighted_auc(targets, predicted, weights),
            "logloss": weighted_log_loss(targets, predicted, weights),
        }
    return found


def mean_metric(metrics: Metrics, name: str) -> float:
    """The mean of a metric over the outputs that have it; NaN where none has."""
    values = [values[name] for values in metrics.values() if not math.isnan(values[name])]
    return sum(values) / len(values) if values else math.nan
