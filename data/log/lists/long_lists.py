"""Lists that are longer than what a model reads of them, counted and said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from data.log.casting.lists import list_lengths
from schemas.column import Column
from schemas.contract import Contract
from schemas.treatments import MultiValue, Sequence


@dataclasses.dataclass
class LongLists:
    """How many rows have a longer list than the `length` of its tag.

    Attributes:
      read: number of rows.
      rows: column -> rows whose list is longer; only columns that have some.
      longest: column -> the length of the longest of all; the same columns.
    """

    read: int = 0
    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    longest: dict[str, int] = dataclasses.field(default_factory=dict)

    def count(self, contract: Contract, columns: Mapping[str, pa.Array]) -> None:
        """Adds the rows of a batch: the contract's lists by name, each [N]."""
        self.read += max((len(array) for array in columns.values()), default=0)
        for column, length in _limits(contract):
            lengths = list_lengths(columns[column.name])
            longer = int((lengths > length).sum())
            if longer:
                self._put(column.name, longer, int(lengths.max()))

    def add(self, other: LongLists) -> None:
        """Adds what was counted elsewhere."""
        self.read += other.read
        for column, rows in other.rows.items():
            self._put(column, rows, other.longest[column])

    def _put(self, column: str, rows: int, longest: int) -> None:
        self.rows[column] = self.rows.get(column, 0) + rows
        self.longest[column] = max(self.longest.get(column, 0), longest)

    def lines(self, contract: Contract) -> list[str]:
        """Says what a model does not read, for people: a sentence a column or aligned group."""
        found = []
        for first, names, length, kept in _readers(contract):
            rows = self.rows.get(first)
            if rows:
                share = f"{rows:,} of {self.read:,} rows ({rows / self.read:.1%})"
                found.append(
                    f"{names}: longer than {length:,} in {share}, up to {self.longest[first]:,} "
                    f"values: a model reads the {kept} {length:,} (the tag's 'length')"
                )
        return found

    def records(self, contract: Contract) -> list[dict[str, Any]]:
        """The same as plain values: column, length, rows with longer lists, all rows, longest."""
        return [
            {
                "column": column.name,
                "length": length,
                "rows": self.rows[column.name],
                "of": self.read,
                "longest": self.longest[column.name],
            }
            for column, length in _limits(contract)
            if column.name in self.rows
        ]


def _limits(contract: Contract) -> Iterator[tuple[Column, int]]:
    for column in contract.list_features:
        if isinstance(column.list_treatment, Sequence | MultiValue):
            yield column, column.list_treatment.length


def _readers(contract: Contract) -> Iterator[tuple[str, str, int, str]]:
    """Yields (a column, the names of those as long as it, length, which of its values are read)."""
    for group in contract.sequence_groups:
        names = ", ".join(column.name for column in group.columns)
        yield group.columns[0].name, names, group.length, "newest"
    for column in contract.list_features:
        if isinstance(column.list_treatment, MultiValue):
            yield column.name, column.name, column.list_treatment.length, "first"
