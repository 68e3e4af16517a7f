"""Gaps of a label that needs its parent: not known yet, or negative because the parent is?

Logs leave such a label empty in two ways. Some do so in every row without its parent: nobody
buys what was not opened, so nothing is written. These gaps are zeros. Others do so in rows of
which the outcome may still come, with the parent or without; these rows are unknown, and to
take those without the parent for zeros would leave too few positives among the rows that are
known. Which way a log has is seen in how often rows have the label with the parent and without.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.labels import label_rows
from schemas.contract import Contract
from schemas.label_values import negative_value
from schemas.task_graph import Label

_LEAST_SHARE = 0.5
"""Without the parent rows have the label so often, as a share of how often they have it with
the parent; else their gaps are zeros."""


@dataclasses.dataclass
class GapCounts:
    """How often rows have a label, with its parent and without.

    Attributes:
      by_column: the label's column -> [rows without the parent, those of them that have the
        label, rows with the parent, those of them that have the label].
    """

    by_column: dict[str, list[int]] = dataclasses.field(default_factory=dict)

    def count(self, contract: Contract, columns: Mapping[str, pa.Array]) -> None:
        """Adds the rows of a batch: `gap_columns`, by name, in their types, each [N]."""
        for label, parent in _labels(contract):
            without = _without_parent(contract, label, columns)
            with_parent = label_rows(contract, parent, columns[parent.column]).positive
            known = columns[label.column].is_valid().to_numpy(zero_copy_only=False)
            masks = (without, without & known, with_parent, with_parent & known)
            self._put(label.column, [int(mask.sum()) for mask in masks])

    def add(self, other: GapCounts) -> None:
        """Adds what was counted elsewhere."""
        for column, counts in other.by_column.items():
            self._put(column, counts)

    def _put(self, column: str, counts: list[int]) -> None:
        known = self.by_column.get(column, [0] * len(counts))
        self.by_column[column] = [a + b for a, b in zip(known, counts, strict=True)]

    def negative(self) -> frozenset[str]:
        """The columns of the labels whose gaps are zeros where their parent is negative."""
        return frozenset(
            column
            for column, (rows, have, parents, parents_have) in self.by_column.items()
            if have * parents < _LEAST_SHARE * parents_have * rows
        )


def gap_columns(contract: Contract) -> tuple[str, ...]:
    """The names of the columns that `GapCounts` reads; empty where no label has such gaps."""
    needed = set()
    for label, _ in _labels(contract):
        names = (label.name, *contract.tasks.ancestors(label.name))
        needed |= {contract.tasks.label(name).column for name in names}
    return tuple(column.name for column in contract.columns if column.name in needed)


def filled(
    contract: Contract, columns: Mapping[str, pa.Array], negative: frozenset[str]
) -> dict[str, pa.Array]:
    """Fills the labels' gaps in rows without their parent.

    Args:
      contract: the data contract.
      columns: by name, in their types, each [N].
      negative: `GapCounts.negative`: the labels that are filled.
    """
    found = dict(columns)
    for label, _ in _labels(contract):
        if label.column in negative:
            array = found[label.column]
            value = negative_value(label, contract.column(label.column).type)
            gaps = _without_parent(contract, label, found) & ~array.is_valid().to_numpy(
                zero_copy_only=False
            )
            found[label.column] = pc.if_else(pa.array(gaps), pa.scalar(value, array.type), array)
    return found


def filled_wherever(contract: Contract, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """The same for all labels with gaps that need a parent."""
    return filled(contract, columns, frozenset(label.column for label, _ in _labels(contract)))


def filled_lines(contract: Contract, negative: frozenset[str]) -> list[str]:
    """Says what `filled` does, for people: a line for each label."""
    return [
        f"{label.name} is empty in most rows without {parent.name}: there it is taken as negative"
        for label, parent in _labels(contract)
        if label.column in negative
    ]


def _labels(contract: Contract) -> Iterator[tuple[Label, Label]]:
    """Yields the labels with gaps that need a parent, and that parent; parents first."""
    for label in contract.tasks.labels:
        if label.optional and label.constrained and label.parent is not None:
            yield label, contract.tasks.label(label.parent)


def _without_parent(
    contract: Contract, label: Label, columns: Mapping[str, pa.Array]
) -> np.ndarray:
    """Where the label must be negative, for a label that it needs is, bool [N]."""
    if not label.constrained or label.parent is None:
        return np.zeros(len(columns[label.column]), bool)
    parent = contract.tasks.label(label.parent)
    rows = label_rows(contract, parent, columns[parent.column])
    return (rows.known & ~rows.positive) | _without_parent(contract, parent, columns)
