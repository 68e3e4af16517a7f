"""AUC within groups: how well the rows of one user are ranked among themselves."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

NO_USER = np.iinfo(np.int64).min
"""The group of a row without a user: a guest's, or any in a log without users."""


class GroupedAuc(NamedTuple):
    """The mean AUC within groups.

    Attributes:
      mean: NaN where no group has both classes.
      groups: number of groups with both classes, which alone count.
    """

    mean: float
    groups: int


class GroupAucs(NamedTuple):
    """The AUC of every group that has one, in the order of the groups' values.

    Attributes:
      aucs: float64 [G].
      impressions: the sum of the group's row weights, float64 [G].
    """

    aucs: np.ndarray
    impressions: np.ndarray


def grouped_auc(
    targets: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> GroupedAuc:
    """GAUC: the mean of the groups' AUCs, each weighted by its impressions.

    ``sum_g n_g AUC_g / sum_g n_g`` (Zhu et al., KDD 2017), where n_g is the sum of the group's
    row weights: its number of impressions where rows weigh 1. Arguments and groups that are
    left out are those of `auc_by_group`.
    """
    aucs, impressions = auc_by_group(targets, scores, weights, groups)
    if not len(aucs):
        return GroupedAuc(math.nan, 0)
    return GroupedAuc(float((impressions * aucs).sum() / impressions.sum()), len(aucs))


def auc_by_group(
    targets: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray
) -> GroupAucs:
    """Computes every group's AUC; ties count one half.

    Groups without a positive or without a negative of weight above 0 have none and are left
    out, and so are the rows of NO_USER. Which these are does not depend on the scores.

    Args:
      targets: 0 or 1, [N].
      scores: any order-preserving score, finite, [N].
      weights: at least 0, [N].
      groups: equal for rows of one group, [N].
    """
    known = groups != NO_USER
    if not known.any():
        return GroupAucs(np.zeros(0), np.zeros(0))
    if not known.all():
        targets, scores, weights, groups = (x[known] for x in (targets, scores, weights, groups))
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
    aucs = won[ranked] / (all_positives * all_negatives)[ranked]
    return GroupAucs(aucs, (all_positives + all_negatives)[ranked])
