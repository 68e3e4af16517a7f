"""Paired differences of two models' metrics on the same rows, with standard errors.

All treat rows (for GAUC: users) as independent draws and weights as fixed. They are
vectorised and exact; the longest step is a sort. Slices with more rows than are kept have
them from `CondensedRows`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.metrics.binary import log_losses
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.gauc import auc_by_group
from models.metrics.names import AUC, COMPARED, GAUC, LOGLOSS

Array = npt.NDArray[np.float64]


def paired_differences(
    target: npt.NDArray[np.float32],
    candidate: npt.NDArray[np.float32],
    baseline: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    user: npt.NDArray[np.int64],
) -> dict[str, Difference]:
    """Returns the difference of every metric in `COMPARED` over the output's space.

    Args:
      target: 0 or 1, [N].
      candidate: its probabilities, [N].
      baseline: its probabilities, [N].
      weight: the rows' weights, 0 outside the output's space, [N].
      user: whose row it is, int [N].
    """
    inside = weight > 0
    if not (np.isfinite(candidate).all() and np.isfinite(baseline).all()):
        return dict.fromkeys(COMPARED, UNKNOWN)
    columns = (target, candidate, baseline, weight)
    t, c, b, w = (values[inside].astype(np.float64) for values in columns)
    return {
        AUC: auc_difference(t, c, b, w),
        GAUC: gauc_difference(t, c, b, w, user[inside]),
        LOGLOSS: log_loss_difference(t, c, b, w),
    }


def auc_difference(target: Array, candidate: Array, baseline: Array, weight: Array) -> Difference:
    """Returns the difference of two correlated AUCs (DeLong et al., Biometrics 44, 1988).

    With ``V_i`` the weighted share of the negatives that positive i is ranked above and
    ``V_j`` the share of the positives above negative j (ties one half), each candidate's
    less baseline's, D is their weighted mean and, u being the positives' weights,

        Var(D) = sum_i u_i^2 (V_i - D)^2 / (sum u)^2 * m / (m - 1) + the same over negatives

    which is DeLong's where all weights are 1.

    Args:
      target: 0 or 1, [N].
      candidate: its scores, [N].
      baseline: its scores, [N].
      weight: above 0, [N].
    """
    value, of_positives, of_negatives = auc_difference_parts(target, candidate, baseline, weight)
    return Difference(value, math.sqrt(of_positives + of_negatives))


def auc_difference_parts(
    target: Array, candidate: Array, baseline: Array, weight: Array
) -> tuple[float, float, float]:
    """Returns `auc_difference`'s value and its variance's two sums, positives' and negatives'.

    All are NaN with fewer than two rows of a class.
    """
    positive = target > 0.5
    if min(positive.sum(), (~positive).sum()) < 2:
        return math.nan, math.nan, math.nan
    u, v = weight[positive], weight[~positive]
    of_positives, of_negatives = np.zeros(len(u)), np.zeros(len(v))
    for scores, sign in ((candidate, 1.0), (baseline, -1.0)):
        above, below = scores[positive], scores[~positive]
        of_positives += sign * _share_below(above, below, v)
        of_negatives += sign * (1.0 - _share_below(below, above, u))
    value = float(u @ of_positives / u.sum())
    return value, _variance_of_mean(of_positives, u), _variance_of_mean(of_negatives, v)


def log_loss_difference(
    target: Array, candidate: Array, baseline: Array, weight: Array
) -> Difference:
    """Returns the difference of the mean log losses: that of rows has no other uncertainty.

    Args:
      target: 0 or 1, [N].
      candidate: its probabilities, [N].
      baseline: its probabilities, [N].
      weight: above 0, [N].
    """
    if len(target) < 2:
        return UNKNOWN
    rows = log_losses(target, candidate) - log_losses(target, baseline)
    value = float(weight @ rows / weight.sum())
    return Difference(value, math.sqrt(_variance_of_mean(rows, weight)))


def gauc_difference(
    target: Array, candidate: Array, baseline: Array, weight: Array, user: npt.NDArray[np.int64]
) -> Difference:
    """Returns the difference of two GAUCs, users being the independent draws.

    A user's rows stay together, since a person's clicks are not independent. GAUC is a ratio
    of sums over users, ``R = sum n_g d_g / sum n_g``, n_g being a user's impressions and d_g
    the difference of their AUCs, and its variance the linearised one,

        Var(R) = sum n_g^2 (d_g - R)^2 / (sum n_g)^2 * G / (G - 1)

    to which a bootstrap over users converges, at a thousandth of its cost.

    Args:
      target: 0 or 1, [N].
      candidate: its scores, [N].
      baseline: its scores, [N].
      weight: above 0, [N].
      user: whose row it is, int [N].
    """
    mine = auc_by_group(target, candidate, weight, user)
    theirs = auc_by_group(target, baseline, weight, user)
    if len(mine.impressions) < 2:
        return UNKNOWN
    gains = mine.aucs - theirs.aucs
    value = float(mine.impressions @ gains / mine.impressions.sum())
    return Difference(value, math.sqrt(_variance_of_mean(gains, mine.impressions)))


def _share_below(scores: Array, others: Array, weights: Array) -> Array:
    """The weighted share of `others` below each score; ties count one half."""
    order = np.argsort(others, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    ordered = others[order]
    below = sums[np.searchsorted(ordered, scores, "left")]
    not_above = sums[np.searchsorted(ordered, scores, "right")]
    shares: Array = (below + not_above) / (2.0 * sums[-1])
    return shares


def _variance_of_mean(values: Array, weights: Array) -> float:
    """The variance of the weighted mean of independent values."""
    count, total = len(values), weights.sum()
    deviations = values - weights @ values / total
    return float(((weights * deviations) ** 2).sum() / total**2 * count / (count - 1))
