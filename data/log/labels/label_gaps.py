"""Gaps of a label that needs its parent: not known yet, or negative because the parent is?

Logs leave such a label empty in two ways. Some do so in every row without its parent: what was
not opened was not bought, so nothing is written. These gaps are negatives. Others do so in rows
of which the outcome may still come, with the parent or without; these rows are unknown. Which
way a span has is seen in how often its rows have the label with the parent and without. It is
decided by span, so that the label of a row does not depend on the window.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from data.log.labels.label_rows import label_rows
from schemas.contract import Contract
from schemas.task_graph import Label

_LEAST_SHARE = 0.5
"""A log that writes the label without its parent as well has it there at least so often, as a
share of how often it has it with the parent."""

_COMPLETE = 0.95
"""A span of a log that does not is complete if so many of its rows with the parent have the
label. Else its negatives would be filled in while many positives are still to come."""


@dataclasses.dataclass(frozen=True)
class Gaps:
    """What the gaps of each span are, by (date, label's column); elsewhere they are unknown.

    Attributes:
      dates: all spans that were counted, in order.
      negative: negative where the label's parent is.
      left_out: the label is left out of the whole span -> the share of the rows with its parent
        that have it; None where it is left out because its parent is.
    """

    dates: tuple[str, ...] = ()
    negative: frozenset[tuple[str, str]] = frozenset()
    left_out: Mapping[tuple[str, str], float | None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class GapCounts:
    """How often rows have a label, with its parent and without; of all rows, refused or not.

    Attributes:
      by_span: date -> the label's column -> [rows without the parent, those of them that have
        the label, rows with the parent, those of them that have the label].
    """

    by_span: dict[str, dict[str, list[int]]] = dataclasses.field(default_factory=dict)

    def count(self, contract: Contract, columns: Mapping[str, pa.Array], date: str) -> None:
        """Adds rows of the span `date`: `gap_columns`, by name, in their types, each [N]."""
        for label, parent in gap_labels(contract):
            without = without_parent(contract, label, columns)
            with_parent = label_rows(contract, parent, columns[parent.column]).positive
            known = columns[label.column].is_valid().to_numpy(zero_copy_only=False)
            masks = (without, without & known, with_parent, with_parent & known)
            self._put(date, label.column, [int(mask.sum()) for mask in masks])

    def add(self, other: GapCounts) -> None:
        """Adds what was counted elsewhere."""
        for date, by_column in other.by_span.items():
            for column, counts in by_column.items():
                self._put(date, column, counts)

    def _put(self, date: str, column: str, counts: list[int]) -> None:
        by_column = self.by_span.setdefault(date, {})
        known = by_column.get(column, [0] * len(counts))
        by_column[column] = [a + b for a, b in zip(known, counts, strict=True)]

    def decide(self, contract: Contract) -> Gaps:
        """Returns what the gaps of each span are."""
        negative: set[tuple[str, str]] = set()
        left_out: dict[tuple[str, str], float | None] = {}
        for date, by_column in self.by_span.items():
            for label, parent in gap_labels(contract):
                rows, have, parents, parents_have = by_column[label.column]
                if have * parents >= _LEAST_SHARE * parents_have * rows:
                    continue
                # Both counts are above 0, else neither side of the comparison is.
                share = parents_have / parents
                if share < _COMPLETE:
                    left_out[date, label.column] = share
                elif (date, parent.column) in left_out:
                    # Its negatives would be filled in without the rows of the parent's gaps.
                    left_out[date, label.column] = None
                else:
                    negative.add((date, label.column))
        return Gaps(tuple(sorted(self.by_span)), frozenset(negative), left_out)


def gap_columns(contract: Contract) -> tuple[str, ...]:
    """The names of the columns that `GapCounts` reads; empty where no label has such gaps."""
    needed = set()
    for label, _ in gap_labels(contract):
        names = (label.name, *contract.tasks.ancestors(label.name))
        needed |= {contract.tasks.label(name).column for name in names}
    return tuple(column.name for column in contract.columns if column.name in needed)


def gap_labels(contract: Contract) -> Iterator[tuple[Label, Label]]:
    """Yields the labels with gaps that need a parent, and that parent; parents first."""
    for label in contract.tasks.labels:
        if label.optional and label.constrained and label.parent is not None:
            yield label, contract.tasks.label(label.parent)


def without_parent(contract: Contract, label: Label, columns: Mapping[str, pa.Array]) -> np.ndarray:
    """Where the label must be negative, for a label that it needs is, bool [N]."""
    if not label.constrained or label.parent is None:
        return np.zeros(len(columns[label.column]), bool)
    parent = contract.tasks.label(label.parent)
    rows = label_rows(contract, parent, columns[parent.column])
    return (rows.known & ~rows.positive) | without_parent(contract, parent, columns)
