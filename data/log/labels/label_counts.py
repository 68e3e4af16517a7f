"""Positives and unknown rows of labels, counted before it is clear what their gaps are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from data.log.labels.gap_filling import filled_wherever
from data.log.labels.label_gaps import Gaps
from data.log.labels.label_rows import label_rows
from data.log.labels.unknown_labels import UnknownLabels
from schemas.contract import Contract


@dataclasses.dataclass
class LabelCounts:
    """What rows say of their labels, by span.

    Attributes:
      positives: date -> label's column -> positive rows.
      unknown: where a label is not known.
      unknown_if_filled: the same if all gaps of rows without a label's parent were negatives.
    """

    positives: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    unknown: UnknownLabels = dataclasses.field(default_factory=UnknownLabels)
    unknown_if_filled: UnknownLabels = dataclasses.field(default_factory=UnknownLabels)

    def count(self, contract: Contract, columns: Mapping[str, pa.Array], date: str) -> None:
        """Adds rows of the span `date`, by column's name, each [N]."""
        self.unknown.count(contract, columns, date)
        self.unknown_if_filled.count(contract, filled_wherever(contract, columns, date), date)
        positives = self.positives.setdefault(date, {})
        for label in contract.tasks.labels:
            rows = label_rows(contract, label, columns[label.column])
            positives[label.column] = positives.get(label.column, 0) + int(np.sum(rows.positive))

    def settle(self, gaps: Gaps) -> None:
        """Makes the counts those of the rows as `gap_filling.filled` changes them."""
        for date, column in gaps.negative:
            if date in self.positives:
                rows = self.unknown_if_filled.by_span[date][column]
                self.unknown.by_span[date][column] = rows
        for date, column in gaps.left_out:
            if date in self.positives:
                self.unknown.by_span[date][column] = self.unknown.read[date]
                self.positives[date][column] = 0

    def positive_rows(self, column: str) -> int:
        """Number of rows of all spans in which this label is positive."""
        return sum(counts[column] for counts in self.positives.values())
