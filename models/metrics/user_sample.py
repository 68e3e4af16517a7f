"""All rows of some users, drawn by a hash of their number, so that every part draws the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.metrics.gauc import NO_USER
from models.metrics.scored_rows import ScoredRows

Draws = npt.NDArray[np.uint64]

_ALL = np.uint64(2**64 - 1)


class UserSample:
    """As many users as so many rows allow.

    Users with more than an eighth of the rows are left out, lest one crowds out all others. Rows
    without a user are drawn one by one.
    """

    def __init__(self, rows: int) -> None:
        """Starts with no row; `rows` is the most to keep."""
        self._most = rows
        self._limit = _ALL
        self._left_out = np.zeros(0, np.int64)
        self._kept: list[_Drawn] = []

    @property
    def rows(self) -> ScoredRows:
        """The rows that are kept."""
        return ScoredRows.joined([part.rows for part in self._kept])

    def add(self, rows: ScoredRows, draws: Draws) -> None:
        """Adds rows with their `draws_of`, uint64 [N]."""
        self._kept.append(self._chosen(_Drawn(rows, draws)))
        self._thin()

    def merge(self, other: UserSample) -> None:
        """Adds what `other` has seen."""
        self._limit = min(self._limit, other._limit)
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
            self._left_out = np.union1d(self._left_out, heavy)
            if not len(heavy):
                self._limit = self._limit // np.uint64(2)
            self._kept = [self._chosen(part) for part in self._kept]


class _Drawn(NamedTuple):
    rows: ScoredRows
    draws: Draws


def draws_of(rows: ScoredRows, first: int) -> Draws:
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


def _spread(numbers: Draws) -> Draws:
    """Spreads numbers evenly over 64 bits (the finalizer of SplitMix64)."""
    x = numbers + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
