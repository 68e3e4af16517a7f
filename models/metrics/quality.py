"""How good a model's probabilities are on one slice: exact, weighted, in float64."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from models.metrics.auc_variance import mean_and_variance, placements
from models.metrics.binary import log_losses
from models.metrics.calibration import DECILES, Deciles, deciles
from models.metrics.clusters import Clusters, ratio_error
from models.metrics.gauc import NO_USER, grouped_auc

_UNDEFINED: Deciles = ((math.nan, math.nan),) * DECILES


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
      gauc: mean of the users' AUCs weighted by their impressions (`grouped_auc`).
      ranked_users: number of users with both classes, whom GAUC is the mean of.
      without_user: number of rows with no user, which GAUC leaves out: guests' rows, or all of a
        log that has no users.
      normalized_entropy: the log loss over that of the rows' own base rate as everybody's
        score (He et al., ADKDD 2014); below 1 the scores tell rows apart, whatever the rate.
      auc_error: how far `auc` may be off: 0 but for slices of very many rows, whose scores
        are counted in bins (`CondensedRows`). It is no sampling error.
      deciles: predicted and true rate of every tenth of the rows by score (`deciles`).
      auc_standard_error: how far `auc` is expected to be off because users (rows, where there
        are none) are a sample; `value_interval` makes an interval of it. NaN where a class has
        rows of fewer than two users.
      logloss_standard_error: that of `logloss`; NaN with fewer than two users.
      calibration_standard_error: that of `calibration`.
      draws: as how many users (rows, where there are none) with equally many rows those count
        that have the rarer class (`Clusters.draws`): what the standard errors are estimated from.
    """

    auc: float
    logloss: float
    calibration: float
    positives: float
    negatives: float
    weighted_positives: float
    weighted_negatives: float
    nonfinite_scores: float
    gauc: float = math.nan
    ranked_users: float = 0
    normalized_entropy: float = math.nan
    auc_error: float = 0
    deciles: Deciles = _UNDEFINED
    without_user: float = 0
    auc_standard_error: float = math.nan
    logloss_standard_error: float = math.nan
    calibration_standard_error: float = math.nan
    draws: float = math.inf


METRICS = tuple(field.name for field in dataclasses.fields(Quality) if field.name != "deciles")
"""The names of the numbers, in order."""


def quality(target: Any, score: Any, weight: Any, user: Any = None) -> Quality:
    """Computes all numbers of one model, output and slice.

    Args:
      target: 0 or 1, [B].
      score: predicted probabilities, [B].
      weight: the rows' weights, 0 outside the output's space, [B].
      user: whose row it is, int [B], or NO_USER; None leaves GAUC undefined, and takes rows as
        independent.
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
    auc = logloss = calibration = gauc = entropy = math.nan
    auc_error = logloss_error = calibration_error = math.nan
    ranked_users = without_user = 0
    draws = 0.0
    tenths = _UNDEFINED
    if user is not None:
        user = np.asarray(user)[inside]
        without_user = int((user == NO_USER).sum())
    if score.size and not nonfinite:
        clusters = Clusters.of(user, len(score))
        auc, variance = mean_and_variance(
            target, placements(target, score, weight), weight, clusters
        )
        auc_error, draws = variance.error, variance.draws
        losses = weight * log_losses(target, score)
        logloss = float(losses.sum() / weight.sum())
        logloss_error = ratio_error(clusters.sums(losses), clusters.sums(weight))
        tenths = deciles(target, score, weight)
        if user is not None:
            gauc, ranked_users = grouped_auc(target, score, weight, user)
        if positives:
            calibration = float((weight * score).sum() / weighted_positives)
            calibration_error = ratio_error(
                clusters.sums(weight * score), clusters.sums(weight * target)
            )
        entropy = logloss / base_entropy(weighted_positives, weighted_negatives)
    return Quality(
        auc,
        logloss,
        calibration,
        positives,
        negatives,
        weighted_positives,
        weighted_negatives,
        nonfinite,
        gauc,
        ranked_users,
        entropy,
        deciles=tenths,
        without_user=without_user,
        auc_standard_error=auc_error,
        logloss_standard_error=logloss_error,
        calibration_standard_error=calibration_error,
        draws=draws,
    )


def base_entropy(weighted_positives: float, weighted_negatives: float) -> float:
    """Returns the log loss of the base rate as everybody's score, NaN where it is 0 or 1."""
    total = weighted_positives + weighted_negatives
    shares = (weighted_positives / total, weighted_negatives / total)
    return -sum(p * math.log(p) for p in shares) if min(shares) > 0 else math.nan
