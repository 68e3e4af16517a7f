"""Rows of which a label is not known yet, counted and said."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa

from schemas.contract import Contract
from schemas.task_graph import Label

_MOST_SPANS = 3


@dataclasses.dataclass
class UnknownLabels:
    """How many rows of each span lack a label that may be missing.

    Attributes:
      by_span: date -> label's column -> rows without a value; only labels that may be missing.
      read: date -> rows.
    """

    by_span: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    read: dict[str, int] = dataclasses.field(default_factory=dict)

    def count(self, contract: Contract, columns: Mapping[str, pa.Array], date: str) -> None:
        """Adds the rows of a batch of the span `date`, by column's name, each [N]."""
        optional = [label.column for label in contract.tasks.labels if label.optional]
        if not optional:
            return
        self._put(
            date,
            len(columns[optional[0]]),
            {name: columns[name].null_count for name in optional},
        )

    def add(self, other: UnknownLabels) -> None:
        """Adds what was counted elsewhere."""
        for date, counts in other.by_span.items():
            self._put(date, other.read[date], counts)

    def _put(self, date: str, rows: int, missing: Mapping[str, int]) -> None:
        self.read[date] = self.read.get(date, 0) + rows
        counts = self.by_span.setdefault(date, {})
        for column, count in missing.items():
            counts[column] = counts.get(column, 0) + count

    def rows(self, label: Label) -> int:
        """Number of rows of all spans without the label."""
        return sum(counts.get(label.column, 0) for counts in self.by_span.values())

    def lines(
        self, contract: Contract, but: Collection[tuple[str, str]] = frozenset()
    ) -> list[str]:
        """Says in how many rows labels are unknown, for people.

        Args:
          contract: the data contract.
          but: (date, label's column) of what is said elsewhere.

        Returns:
          A sentence for each label and span with such rows; one a label where spans are many.
        """
        found = []
        for label in contract.tasks.labels:
            spans = [
                date
                for date in sorted(self.by_span)
                if self.by_span[date].get(label.column) and (date, label.column) not in but
            ]
            if len(spans) <= _MOST_SPANS:
                found += [
                    f"{label.name} is not known yet in {self.by_span[date][label.column]:,} of "
                    f"{self.read[date]:,} rows of {date}"
                    for date in spans
                ]
                continue
            found.append(
                f"{label.name} is not known yet in "
                f"{sum(self.by_span[date][label.column] for date in spans):,} of "
                f"{sum(self.read.values()):,} rows, in {len(spans)} spans from {spans[0]} to "
                f"{spans[-1]}"
            )
        return found

    def note(self, contract: Contract) -> str:
        """The same in a few words, for a line that says more; empty without such rows."""
        return ", ".join(
            f"{label.name} not known yet in {self.rows(label):,} rows"
            for label in contract.tasks.labels
            if self.rows(label)
        )

    def records(self, contract: Contract) -> list[dict[str, Any]]:
        """The same as plain values: label, column, span, rows without it, and all rows."""
        return [
            {
                "label": label.name,
                "column": label.column,
                "span": date,
                "rows": self.by_span[date][label.column],
                "of": self.read[date],
            }
            for label in contract.tasks.labels
            for date in sorted(self.by_span)
            if self.by_span[date].get(label.column)
        ]
