"""A slice of more rows than are kept: histograms, sums, and all rows of some users."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics.binary import log_losses
from models.metrics.difference import UNKNOWN, Difference
from models.metrics.gauc import NO_USER, grouped_auc
from models.metrics.names import AUC, COMPARED, GAUC, LOGLOSS
from models.metrics.paired import auc_difference_parts, gauc_difference
from models.metrics.quality import Quality, base_entropy
from models.metrics.score_histogram import ScoreHistogram
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import SliceNumbers

Array = npt.NDArray[np.float64]

_ALL = np.uint64(2**64 - 1)


class CondensedRows:
    """What is left of many rows: as large for a billion as for some millions.

    Log loss, calibration, counts and the log losses' difference with its error are exact.
    AUC comes from `ScoreHistogram`, with its error. GAUC, its difference and the standard
    error of the AUC's difference come from the rows of users drawn by a hash of their number:
    as many as `kept` rows allow, users with more than an eighth of them left out; the standard
    error is scaled to the slice's positives and negatives. Rows without a user are drawn one by
    one, by a hash of their numbers and of how many came before: equal ones apart from each other.
    """

    def __init__(self, models: int, outputs: int, kept: int) -> None:
        """Starts with no row.

        Args:
          models: M.
          outputs: O.
          kept: most rows of users to keep.
        """
        self._most = kept
        self._limit = _ALL
        self._left_out = np.zeros(0, np.int64)
        self._kept: list[_Drawn] = []
        self._seen = 0
        self._histograms = [[ScoreHistogram() for _ in range(outputs)] for _ in range(models)]
        self._nonfinite = np.zeros((models, outputs))
        # Of every model: weighted log loss, weighted score.
        self._sums = np.zeros((models, outputs, 2))
        self._counts = np.zeros((outputs, 2))
        self._weights = np.zeros((outputs, 2))
        self._without_user = np.zeros(outputs)
        # Of the log losses' difference d: w d, w^2 d, w^2 d^2, w^2.
        self._paired = np.zeros((outputs, 4))

    def add(self, rows: ScoredRows) -> None:
        """Adds rows."""
        for o in range(rows.outputs):
            self._add_output(rows, o)
        self._kept.append(self._chosen(_Drawn(rows, _draws(rows, self._seen))))
        self._seen += len(rows.users)
        self._thin()

    def _add_output(self, rows: ScoredRows, o: int) -> None:
        inside = rows.weights[:, o] > 0
        self._without_user[o] += (rows.users[inside] == NO_USER).sum()
        target = rows.targets[inside, o].astype(np.float64)
        weight = rows.weights[inside, o].astype(np.float64)
        for kind, chosen in enumerate((target <= 0.5, target > 0.5)):
            self._counts[o, kind] += chosen.sum()
            self._weights[o, kind] += weight[chosen].sum()
        losses = []
        for m in range(rows.models):
            self._nonfinite[m, o] += (~np.isfinite(rows.scores(m)[:, o])).sum()
            score = rows.scores(m)[inside, o].astype(np.float64)
            finite = np.isfinite(score)
            self._histograms[m][o].add(target[finite], score[finite], weight[finite])
            losses.append(log_losses(target, score))
            self._sums[m, o] += weight @ losses[-1], weight @ score
        if rows.models == 2:
            d = losses[0] - losses[1]
            self._paired[o] += weight @ d, weight**2 @ d, weight**2 @ d**2, weight @ weight

    def merge(self, other: CondensedRows) -> None:
        """Adds what `other` has seen."""
        for mine, theirs in zip(self._histograms, other._histograms, strict=True):
            for one, another in zip(mine, theirs, strict=True):
                one.weights[...] += another.weights
        for name in ("_nonfinite", "_sums", "_counts", "_weights", "_without_user", "_paired"):
            getattr(self, name)[...] += getattr(other, name)
        self._limit = min(self._limit, other._limit)
        self._seen += other._seen
        self._left_out = np.union1d(self._left_out, other._left_out)
        # Of a user that only one side kept, the other side's rows are gone.
        self._kept = [self._chosen(part) for part in (*self._kept, *other._kept)]
        self._thin()

    def _chosen(self, drawn: _Drawn) -> _Drawn:
        chosen = (drawn.draws <= self._limit) & ~np.isin(drawn.rows.users, self._left_out)
        return _Drawn(drawn.rows.at(chosen), drawn.draws[chosen])

    def _thin(self) -> None:
        while sum(len(part.draws) for part in self._kept) > self._most:
            users, rows = np.unique(
                np.concatenate([part.rows.users for part in self._kept]), return_counts=True
            )
            heavy = users[(rows > self._most // 8) & (users != NO_USER)]
            # One user may not crowd out all others.
            self._left_out = np.union1d(self._left_out, heavy)
            if not len(heavy):
                self._limit = self._limit // np.uint64(2)
            self._kept = [self._chosen(part) for part in self._kept]

    def numbers(self) -> SliceNumbers:
        """Returns all numbers of the slice."""
        kept = ScoredRows.joined([part.rows for part in self._kept])
        models, outputs = self._nonfinite.shape
        qualities = tuple(
            tuple(self._quality(m, o, kept) for o in range(outputs)) for m in range(models)
        )
        differences = tuple(self._differences(o, kept) for o in range(outputs))
        return SliceNumbers(qualities, differences if models == 2 else ())

    def _quality(self, m: int, o: int, kept: ScoredRows) -> Quality:
        negatives, positives = self._weights[o]
        total = negatives + positives
        counted = Quality(
            math.nan,
            math.nan,
            math.nan,
            positives=float(self._counts[o, 1]),
            negatives=float(self._counts[o, 0]),
            weighted_positives=float(positives),
            weighted_negatives=float(negatives),
            nonfinite_scores=float(self._nonfinite[m, o]),
            without_user=float(self._without_user[o]),
        )
        if self._nonfinite[m, o] or not total:
            return counted
        loss, score = (float(x) for x in self._sums[m, o])
        auc, error = self._histograms[m][o].auc()
        target, weight, user, scores = _inside(kept, o)
        gauc = grouped_auc(target, scores[m], weight, user)
        return dataclasses.replace(
            counted,
            auc=auc,
            logloss=loss / total,
            calibration=score / positives if positives else math.nan,
            gauc=gauc.mean,
            ranked_users=gauc.groups,
            normalized_entropy=loss / total / base_entropy(positives, negatives),
            auc_error=error,
            deciles=self._histograms[m][o].deciles(),
        )

    def _differences(self, o: int, kept: ScoredRows) -> dict[str, Difference]:
        total = self._weights[o].sum()
        if self._nonfinite[:, o].any() or self._counts[o].sum() < 2:
            return dict.fromkeys(COMPARED, UNKNOWN)
        target, weight, user, (mine, theirs) = _inside(kept, o)
        _, of_positives, of_negatives = auc_difference_parts(target, mine, theirs, weight)
        positive = target > 0.5
        shares = np.array([(~positive).sum(), positive.sum()]) / np.maximum(self._counts[o], 1)
        aucs = [self._histograms[m][o].auc()[0] for m in (0, 1)]
        error = math.sqrt(of_negatives * shares[0] + of_positives * shares[1])
        wd, wwd, wwdd, ww = (float(x) for x in self._paired[o])
        count, mean = self._counts[o].sum(), wd / total
        # Rounding may leave less than nothing where all rows differ alike.
        squares = max(wwdd - 2 * mean * wwd + mean**2 * ww, 0.0)
        return {
            AUC: Difference(aucs[0] - aucs[1], error),
            GAUC: gauc_difference(target, mine, theirs, weight, user),
            LOGLOSS: Difference(mean, math.sqrt(squares * count / (count - 1)) / total),
        }


class _Inside(NamedTuple):
    """Rows of an output's space, [N] each; the scores of every model."""

    target: Array
    weight: Array
    user: npt.NDArray[np.int64]
    scores: list[Array]


def _inside(rows: ScoredRows, o: int) -> _Inside:
    inside = rows.weights[:, o] > 0
    columns = (rows.targets, rows.weights, *(rows.scores(m) for m in range(rows.models)))
    target, weight, *scores = (column[inside, o].astype(np.float64) for column in columns)
    return _Inside(target, weight, rows.users[inside], scores)


class _Drawn(NamedTuple):
    """Rows, and a number each by which they are drawn, uint64 [N]."""

    rows: ScoredRows
    draws: npt.NDArray[np.uint64]


def _draws(rows: ScoredRows, first: int) -> npt.NDArray[np.uint64]:
    """A number for every row, evenly spread over 64 bits; one user's rows have the same.

    Args:
      rows: N rows.
      first: number of rows that came before: rows without a user may be equal otherwise, and
        would all be drawn or none.

    Returns:
      uint64 [N].
    """
    drawn = _spread(rows.users.astype(np.uint64))
    guests = rows.users == NO_USER
    if guests.any():
        values = np.ascontiguousarray(rows.values[guests]).view(np.uint32)
        own = _spread((first + np.flatnonzero(guests)).astype(np.uint64))
        for column in values.reshape(len(values), -1).T:
            own = _spread(own ^ column)
        drawn[guests] = own
    return drawn


def _spread(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spreads numbers evenly over 64 bits (the finalizer of SplitMix64)."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
