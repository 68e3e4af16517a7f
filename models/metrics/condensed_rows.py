"""A slice of more rows than are kept: histograms, sums, and all rows of some users."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics.auc_variance import AucVariance, mean_and_variance, placements
from models.metrics.binary import log_losses
from models.metrics.clusters import Clusters
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.gauc import NO_USER, grouped_auc
from models.metrics.grouped_sums import GroupedSums
from models.metrics.names import AUC, COMPARED, GAUC, LOGLOSS
from models.metrics.paired import gauc_difference
from models.metrics.quality import Quality, base_entropy
from models.metrics.score_histogram import ScoreHistogram
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import SliceNumbers
from models.metrics.user_sample import UserSample, draws_of

Array = npt.NDArray[np.float64]


class CondensedRows:
    """What is left of many rows: as large for a billion as for some millions.

    Log loss, calibration, counts and the log losses' difference are exact, and their standard
    errors come from all rows, by `GroupedSums`. AUC comes from `ScoreHistogram`, with its error.
    GAUC, its difference and the standard errors of the AUC and of its difference come from the
    rows of a `UserSample`: scaled to the slice's positives and negatives, but without the users
    of very many rows whom that leaves out.
    """

    def __init__(self, models: int, outputs: int, kept: int) -> None:
        """Starts with no row.

        Args:
          models: M.
          outputs: O.
          kept: most rows of users to keep.
        """
        self._sample = UserSample(kept)
        self._seen = 0
        self._histograms = [[ScoreHistogram() for _ in range(outputs)] for _ in range(models)]
        self._sums = [GroupedSums.empty(models) for _ in range(outputs)]
        self._nonfinite = np.zeros((models, outputs))
        self._counts = np.zeros((outputs, 2))
        self._weights = np.zeros((outputs, 2))
        self._without_user = np.zeros(outputs)

    def add(self, rows: ScoredRows) -> None:
        """Adds rows."""
        draws = draws_of(rows, self._seen)
        for o in range(rows.outputs):
            self._add_output(rows, o, draws)
        self._sample.add(rows, draws)
        self._seen += len(rows.users)

    def _add_output(self, rows: ScoredRows, o: int, draws: npt.NDArray[np.uint64]) -> None:
        inside = rows.weights[:, o] > 0
        self._without_user[o] += (rows.users[inside] == NO_USER).sum()
        target = rows.targets[inside, o].astype(np.float64)
        weight = rows.weights[inside, o].astype(np.float64)
        for kind, chosen in enumerate((target <= 0.5, target > 0.5)):
            self._counts[o, kind] += chosen.sum()
            self._weights[o, kind] += weight[chosen].sum()
        scores = [rows.scores(m)[inside, o].astype(np.float64) for m in range(rows.models)]
        for m, score in enumerate(scores):
            self._nonfinite[m, o] += (~np.isfinite(rows.scores(m)[:, o])).sum()
            finite = np.isfinite(score)
            self._histograms[m][o].add(target[finite], score[finite], weight[finite])
        losses = [(log_losses(target, score), score) for score in scores]
        self._sums[o].add(draws[inside], weight, target, losses)

    def merge(self, other: CondensedRows) -> None:
        """Adds what `other` has seen."""
        for mine, theirs in zip(self._histograms, other._histograms, strict=True):
            for one, another in zip(mine, theirs, strict=True):
                one.weights[...] += another.weights
        for ours, others in zip(self._sums, other._sums, strict=True):
            ours.sums[...] += others.sums
        for name in ("_nonfinite", "_counts", "_weights", "_without_user"):
            getattr(self, name)[...] += getattr(other, name)
        self._seen += other._seen
        self._sample.merge(other._sample)

    def numbers(self) -> SliceNumbers:
        """Returns all numbers of the slice."""
        kept = self._sample.rows
        models, outputs = self._nonfinite.shape
        spaces = [_Inside.of(kept, o) for o in range(outputs)]
        qualities = tuple(
            tuple(self._quality(m, o, inside) for o, inside in enumerate(spaces))
            for m in range(models)
        )
        if models != 2:
            return SliceNumbers(qualities, ())
        differences = tuple(self._differences(o, inside) for o, inside in enumerate(spaces))
        return SliceNumbers(qualities, differences)

    def _quality(self, m: int, o: int, kept: _Inside) -> Quality:
        negatives, positives = (float(weight) for weight in self._weights[o])
        counted = Quality(
            math.nan,
            math.nan,
            math.nan,
            positives=float(self._counts[o, 1]),
            negatives=float(self._counts[o, 0]),
            weighted_positives=positives,
            weighted_negatives=negatives,
            nonfinite_scores=float(self._nonfinite[m, o]),
            without_user=float(self._without_user[o]),
            draws=0,
        )
        if self._nonfinite[m, o] or not negatives + positives:
            return counted
        loss, loss_error = self._sums[o].logloss(m)
        calibration, calibration_error = self._sums[o].calibration(m)
        auc, error = self._histograms[m][o].auc()
        gauc = grouped_auc(kept.target, kept.scores[m], kept.weight, kept.user)
        variance = self._auc_variance(o, kept, kept.placed[m])
        return dataclasses.replace(
            counted,
            auc=auc,
            logloss=loss,
            calibration=calibration,
            gauc=gauc.mean,
            ranked_users=gauc.groups,
            normalized_entropy=loss / base_entropy(positives, negatives),
            auc_error=error,
            deciles=self._histograms[m][o].deciles(),
            auc_standard_error=variance.error,
            logloss_standard_error=loss_error,
            calibration_standard_error=calibration_error,
            draws=variance.draws,
        )

    def _auc_variance(self, o: int, kept: _Inside, placed: Array) -> AucVariance:
        """That of the kept rows, scaled to all."""
        _, variance = mean_and_variance(kept.target, placed, kept.weight, kept.clusters)
        positives = int((kept.target > 0.5).sum())
        negatives = len(kept.target) - positives
        of_all = np.maximum(self._counts[o], 1)
        return variance.of_more_rows(positives / of_all[1], negatives / of_all[0])

    def _differences(self, o: int, kept: _Inside) -> dict[str, Difference]:
        if self._nonfinite[:, o].any() or self._counts[o].sum() < 2:
            return dict.fromkeys(COMPARED, UNKNOWN)
        value = self._histograms[0][o].auc()[0] - self._histograms[1][o].auc()[0]
        variance = self._auc_variance(o, kept, kept.placed[0] - kept.placed[1])
        mine, theirs = kept.scores
        draws = kept.clusters.draws(kept.target)
        return {
            AUC: Difference(value, variance.error, variance.draws),
            GAUC: gauc_difference(kept.target, mine, theirs, kept.weight, kept.user),
            LOGLOSS: Difference(*self._sums[o].logloss_difference(), draws),
        }


class _Inside(NamedTuple):
    """Rows of an output's space, [N] each; the scores and placements of every model."""

    target: Array
    weight: Array
    user: npt.NDArray[np.int64]
    scores: list[Array]
    placed: list[Array]
    clusters: Clusters

    @classmethod
    def of(cls, rows: ScoredRows, o: int) -> _Inside:
        inside = rows.weights[:, o] > 0
        columns = (rows.targets, rows.weights, *(rows.scores(m) for m in range(rows.models)))
        target, weight, *scores = (column[inside, o].astype(np.float64) for column in columns)
        user = rows.users[inside]
        placed = [placements(target, score, weight) for score in scores]
        return cls(target, weight, user, scores, placed, Clusters.of(user, len(user)))
