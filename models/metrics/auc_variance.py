"""The variance of an AUC, or of the difference of two, with rows in clusters.

E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), and for clusters
N. A. Obuchowski, Biometrics 53 (1997).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics.clusters import Clusters

Array = npt.NDArray[np.float64]


class AucVariance(NamedTuple):
    """The parts of a variance; NaN where a class has rows in fewer than two clusters.

    Attributes:
      positives: what the positives contribute.
      negatives: what the negatives contribute.
      covariance: twice the covariance of the two; 0 where no cluster has both classes.
      draws: as how many clusters of equal size they count (`Clusters.draws`).
    """

    positives: float
    negatives: float
    covariance: float
    draws: float

    @property
    def error(self) -> float:
        """The standard error."""
        # Rounding may leave less than nothing where both models rank alike.
        total = self.positives + self.negatives + self.covariance
        return math.nan if math.isnan(total) else math.sqrt(max(total, 0.0))

    def of_more_rows(self, positives: float, negatives: float) -> AucVariance:
        """Returns that of a larger sample of the same clusters.

        Args:
          positives: this sample's share of the larger one's positives.
          negatives: its share of the negatives.
        """
        return AucVariance(
            self.positives * positives,
            self.negatives * negatives,
            self.covariance * math.sqrt(positives * negatives),
            self.draws,
        )


def placements(target: Array, score: Array, weight: Array) -> Array:
    """How well every row is placed among those of the other class; ties count one half.

    Returns:
      Of a positive the weighted share of the negatives below it, of a negative that of the
      positives above it, float64 [N]; NaN without the other class. The weighted mean over
      either class is the AUC.

    Args:
      target: 0 or 1, [N].
      score: finite, [N].
      weight: above 0, [N].
    """
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    positive = target[order] > 0.5
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    if not len(starts):
        return np.zeros(0)
    of_class = [np.add.reduceat(weight[order] * chosen, starts) for chosen in (~positive, positive)]
    # The total is the last of the same sums, so that 0, 1 / 2 and 1 are exact with any weights.
    up_to = [np.cumsum(sums) for sums in of_class]
    below = [
        (whole - sums / 2) / whole[-1] if whole[-1] else np.full(len(starts), math.nan)
        for whole, sums in zip(up_to, of_class, strict=True)
    ]
    shares = [below[0], 1 - below[1]]
    ties = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(ordered)]))
    found = np.empty(len(score))
    found[order] = np.where(positive, shares[0][ties], shares[1][ties])
    return found


def mean_and_variance(
    target: Array, placed: Array, weight: Array, clusters: Clusters
) -> tuple[float, AucVariance]:
    """Returns an AUC and its variance, or those of a difference, from its rows' placements.

    With V_i the placement of row i, A the AUC, u the positives' weights, v the negatives', and
    sums over the rows of cluster g,

        P_g = sum_i u_i (V_i - A) / sum u        N_g = sum_j v_j (V_j - A) / sum v

        Var(A) = I+ / (I+ - 1) sum P_g^2 + I- / (I- - 1) sum N_g^2 + 2 I / (I - 1) sum P_g N_g

    where I clusters hold I+ with a positive and I- with a negative. That is Obuchowski's
    where all weights are 1, and DeLong's where each row is a cluster.

    Args:
      target: 0 or 1, [N].
      placed: `placements` of a model, or one model's less another's, [N].
      weight: above 0, [N].
      clusters: of the rows.
    """
    positive = target > 0.5
    if not (positive.any() and (~positive).any()):
        return math.nan, AucVariance(math.nan, math.nan, math.nan, 0.0)
    # About the first one: where all are placed alike, rounding leaves no error.
    first = placed[positive][0]
    rest = weight[positive] @ (placed[positive] - first)
    auc = float(first + rest / weight[positive].sum())
    sums, counts = [], []
    for chosen in (positive, ~positive):
        share = np.where(chosen, weight, 0.0) / weight[chosen].sum()
        sums.append(clusters.sums(share * (placed - auc)))
        counts.append(clusters.number_with(chosen))
    draws = clusters.draws(target)
    if min(counts) < 2:
        return auc, AucVariance(math.nan, math.nan, math.nan, draws)
    of_positives, of_negatives = (
        n / (n - 1) * float(s @ s) for n, s in zip(counts, sums, strict=True)
    )
    both = clusters.count / (clusters.count - 1) * float(sums[0] @ sums[1])
    return auc, AucVariance(of_positives, of_negatives, 2 * both, draws)
