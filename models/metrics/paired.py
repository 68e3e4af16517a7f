"""Paired differences of two models' metrics on the same rows, with standard errors.

Users are the independent draws, and rows where there are no users; weights are fixed. All are
vectorised and exact; the longest step is a sort. Slices with more rows than are kept have
them from `CondensedRows`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from models.metrics.auc_variance import mean_and_variance, placements
from models.metrics.binary import log_losses
from models.metrics.clusters import Clusters, ratio_error
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.gauc import auc_by_group
from models.metrics.names import AUC, COMPARED, GAUC, LOGLOSS

Array = npt.NDArray[np.float64]
Users = npt.NDArray[np.int64]


def paired_differences(
    target: npt.NDArray[np.float32],
    candidate: npt.NDArray[np.float32],
    baseline: npt.NDArray[np.float32],
    weight: npt.NDArray[np.float32],
    user: Users,
) -> dict[str, Difference]:
    """Returns the difference of every metric in `COMPARED` over the output's space.

    Args:
      target: 0 or 1, [N].
      candidate: its probabilities, [N].
      baseline: its probabilities, [N].
      weight: the rows' weights, 0 outside the output's space, [N].
      user: whose row it is, int [N], or NO_USER.
    """
    inside = weight > 0
    if not (np.isfinite(candidate).all() and np.isfinite(baseline).all()):
        return dict.fromkeys(COMPARED, UNKNOWN)
    columns = (target, candidate, baseline, weight)
    t, c, b, w = (values[inside].astype(np.float64) for values in columns)
    user = user[inside]
    return {
        AUC: auc_difference(t, c, b, w, user),
        GAUC: gauc_difference(t, c, b, w, user),
        LOGLOSS: log_loss_difference(t, c, b, w, user),
    }


def auc_difference(
    target: Array, candidate: Array, baseline: Array, weight: Array, user: Users | None = None
) -> Difference:
    """Returns the difference of two correlated AUCs (`auc_variance.mean_and_variance`).

    It is unknown where a class has rows of fewer than two users.

    Args:
      target: 0 or 1, [N].
      candidate: its scores, [N].
      baseline: its scores, [N].
      weight: above 0, [N].
      user: whose row it is, int [N], or NO_USER; None where there is no such column.
    """
    placed = placements(target, candidate, weight) - placements(target, baseline, weight)
    clusters = Clusters.of(user, len(target))
    value, variance = mean_and_variance(target, placed, weight, clusters)
    if math.isnan(variance.error):
        return UNKNOWN
    return Difference(value, variance.error, variance.draws)


def log_loss_difference(
    target: Array, candidate: Array, baseline: Array, weight: Array, user: Users | None = None
) -> Difference:
    """Returns the difference of the mean log losses.

    Args:
      target: 0 or 1, [N].
      candidate: its probabilities, [N].
      baseline: its probabilities, [N].
      weight: above 0, [N].
      user: whose row it is, int [N], or NO_USER; None where there is no such column.
    """
    clusters = Clusters.of(user, len(target))
    if clusters.count < 2:
        return UNKNOWN
    rows = log_losses(target, candidate) - log_losses(target, baseline)
    error = ratio_error(clusters.sums(weight * rows), clusters.sums(weight))
    return Difference(float(weight @ rows / weight.sum()), error, clusters.draws(target))


def gauc_difference(
    target: Array, candidate: Array, baseline: Array, weight: Array, user: Users
) -> Difference:
    """Returns the difference of two GAUCs, users being the independent draws.

    GAUC is a ratio of sums over users, ``R = sum n_g d_g / sum n_g``, n_g being a user's
    impressions and d_g the difference of their AUCs, and its variance that of `ratio_error`,
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
    gains = mine.impressions * (mine.aucs - theirs.aucs)
    error = ratio_error(gains, mine.impressions)
    return Difference(float(gains.sum() / mine.impressions.sum()), error, len(gains))
