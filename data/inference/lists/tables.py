"""Which column's ids a list holds: one id has one embedding wherever it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.inference.guesses import Guess
from data.inference.lists.list_column import ListColumn
from data.inference.lists.list_names import stems
from data.inference.sampling.profile import Profile

_LEAST_NAMED = 0.5
"""A list of the sample's first rows names ids that stand in no row of it."""

_LEAST_UNNAMED = 0.9
_LEAST_DISTINCT = 20
_DENSE = 0.1
"""Whole numbers of which more than this share of their range is used coincide with others'."""


@dataclasses.dataclass(frozen=True)
class Table:
    """A column whose ids a list holds.

    Attributes:
      column: the column.
      share: of the list's values, those that stand in the column.
      distinct: of the list's distinct values, those that stand in the column.
      known: of the column's distinct values, those that stand in the list.
      alike: how much the names of both say the same, from 0 to 1 (Jaccard's index of their words).
    """

    column: Profile
    share: float
    distinct: float
    known: float
    alike: float

    @property
    def rank(self) -> tuple[float, float, float]:
        """What the better one of several has more of."""
        return self.alike, self.share, self.known

    @property
    def said(self) -> str:
        """For people."""
        return (
            f"{self.share:.1%} of its values ({self.distinct:.1%} of the distinct ones) stand in "
            f"'{self.column.name}'"
        )


def find_table(column: ListColumn, candidates: Iterable[Profile]) -> Table | None:
    """Finds the column with the same ids as a list: of the ones that pass, the best.

    A column whose name says the same passes with half of the list's values. Any other one passes
    with nearly all of them, and whole numbers that are counted through (0, 1, 2, ...) do not:
    those of two columns are the same by accident.

    Args:
      column: of ids.
      candidates: columns of ids and categories.
    """
    found = [_compared(column, other) for other in candidates if other.type == column.values.type]
    passed = [table for table in found if _passes(column, table)]
    return max(passed, key=lambda x: x.rank, default=None)


def _passes(column: ListColumn, table: Table) -> bool:
    if table.alike:
        return table.share >= _LEAST_NAMED
    if table.share < _LEAST_UNNAMED or column.values.distinct < _LEAST_DISTINCT:
        return False
    return column.values.type == "bytes" or not _is_dense(column.values)


def _is_dense(values: Profile) -> bool:
    numbers = values.numbers[~values.absent]
    return bool(values.distinct > _DENSE * (numbers.max() - numbers.min() + 1))


def _compared(column: ListColumn, other: Profile) -> Table:
    mine, its = _distinct(column.values), _distinct(other)
    inside = pc.is_in(mine, value_set=its).to_numpy(zero_copy_only=False).astype(bool)
    counts = column.values.counts
    return Table(
        other,
        float(counts[inside].sum() / max(counts.sum(), 1)),
        float(inside.mean()),
        float(inside.sum() / max(len(its), 1)),
        _alike(stems(column.name), stems(other.name)),
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


def _distinct(column: Profile) -> pa.Array:
    """The distinct values by code, of one type for all columns of a contract's type."""
    if column.type == "bytes":
        return pa.array(column.texts, pa.string())
    return pa.array(np.array([int(text) for text in column.texts], np.int64))


def has_table(guess: Guess) -> bool:
    """Whether a feature has a table that lists can share."""
    kinds = {tag.partition(":")[0] for tag in guess.tags}
    writable = not set(guess.column) & set(",=")
    return writable and not guess.left_out and guess.served and bool(kinds & {"id", "categorical"})
