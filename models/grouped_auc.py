"""AUC within groups: how well the rows of one user are ranked among themselves."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class GroupedAuc(NamedTuple):
    """The mean AUC within groups.

    Attributes:
      mean: NaN where no group has both classes.
      groups: number of groups with both classes, which alone count.
    """

    mean: float
    groups: int


def grouped_auc(
    targets: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> GroupedAuc:
    """GAUC: the mean of the groups' AUCs, each weighted by its impressions.

    ``sum_g n_g AUC_g / sum_g n_g`` (Zhu et al., KDD 2017), where n_g is the sum of the group's
    row weights: its number of impressions where rows weigh 1. Groups without a positive or
    without a negative of weight above 0 have no AUC and are left out of both sums. Ties count
    one half.

    Args:
      targets: 0 or 1, [N].
      scores: any order-preserving score, finite, [N].
      weights: at least 0, [N].
      groups: equal for rows of one group, [N].
    """
    if not len(groups):
        return GroupedAuc(math.nan, 0)
    order = np.lexsort((scores, groups))
    group, score = groups[order], scores[order]
    weight = weights[order].astype(np.float64)
    positive = targets[order] > 0.5
    new_group = np.r_[True, group[1:] != group[:-1]]
    # Rows that tie within a group count as one, with the positives' and the negatives' weight.
    ties = np.flatnonzero(new_group | np.r_[True, score[1:] != score[:-1]])
    positives = np.add.reduceat(weight * positive, ties)
    negatives = np.add.reduceat(weight * ~positive, ties)
    first = np.flatnonzero(new_group[ties])
    ties_of_group = np.diff(np.r_[first, len(ties)])
    before = np.cumsum(negatives) - negatives
    below = before - np.repeat(before[first], ties_of_group)
    won = np.add.reduceat(positives * (below + negatives / 2), first)
    all_positives = np.add.reduceat(positives, first)
    all_negatives = np.add.reduceat(negatives, first)
    ranked = (all_positives > 0) & (all_negatives > 0)
    if not ranked.any():
        return GroupedAuc(math.nan, 0)
    aucs = won[ranked] / (all_positives * all_negatives)[ranked]
    impressions = (all_positives + all_negatives)[ranked]
    mean = float((impressions * aucs).sum() / impressions.sum())
    return GroupedAuc(mean, int(ranked.sum()))
