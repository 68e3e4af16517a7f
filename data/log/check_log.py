"""Holds a whole log against a contract without writing anything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow.compute as pc

from common.errors import BadDataError
from data.log.check_batch import check_batch, passed
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from data.log.formats.opening import open_checked
from data.log.label_gaps import GapCounts, filled_wherever
from data.log.labels import label_rows
from data.log.reading_notes import notes_of
from data.log.report import Report
from data.log.spans import list_names, no_row, spans
from data.log.unknown_labels import UnknownLabels
from schemas.contract import Contract


@dataclasses.dataclass
class LogCheck:
    """What was found.

    Attributes:
      files: number of files.
      spans: the dates, in order.
      report: rows read, and rows refused by rule.
      unreadable: messages of the files and spans that could not be read.
      left_out: files and folders that are not read.
      notes: (how a file is read where its name does not say so, its name).
      not_named: columns of the files that the schema does not name.
      positives: label's column -> positive rows, of the rows that were not refused.
      unknown: where a label is not known yet, of the same rows.
      unknown_if_filled: the same if all gaps of rows without a label's parent were zeros.
      gaps: how often rows have a label, with its parent and without.
      scenarios: scenario -> rows, of the same rows; empty where the schema has none.
    """

    files: int = 0
    spans: tuple[str, ...] = ()
    report: Report = dataclasses.field(default_factory=Report)
    unreadable: list[str] = dataclasses.field(default_factory=list)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    notes: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    not_named: set[str] = dataclasses.field(default_factory=set)
    positives: dict[str, int] = dataclasses.field(default_factory=dict)
    unknown: UnknownLabels = dataclasses.field(default_factory=UnknownLabels)
    unknown_if_filled: UnknownLabels = dataclasses.field(default_factory=UnknownLabels)
    gaps: GapCounts = dataclasses.field(default_factory=GapCounts)
    scenarios: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Number of rows that keep the contract."""
        return self.report.read - self.report.quarantined


def check_log(contract: Contract, data_path: str) -> LogCheck:
    """Reads every row of every span.

    Raises:
      BadDataError: the folder does not exist, or has no span.
    """
    found = LogCheck(spans=spans(list_names(data_path)))
    found.positives = dict.fromkeys((x.column for x in contract.tasks.labels), 0)
    found.scenarios = dict.fromkeys(contract.measured_scenarios, 0)
    found.left_out.extend(outside_spans(data_path))
    for date in found.spans:
        try:
            listing = list_span(data_path, date)
        except BadDataError as error:
            found.unreadable.append(str(error))
            continue
        found.left_out.extend(listing.left_out)
        read, unreadable = found.report.read, len(found.unreadable)
        for file in listing.files:
            found.files += 1
            try:
                _check_file(contract, file, date, found)
            except BadDataError as error:
                found.unreadable.append(str(error))
        if (found.report.read, len(found.unreadable)) == (read, unreadable):
            found.unreadable.append(no_row(date))
    found.unknown.replace(found.unknown_if_filled, found.gaps.negative())
    return found


def _check_file(contract: Contract, file: LogFile, date: str, found: LogCheck) -> None:
    reader = open_checked(file, contract)
    found.notes.extend(notes_of(file, reader))
    if reader.is_empty:
        return
    names = [column.name for column in contract.columns]
    found.not_named.update(set(reader.schema.names) - set(names))
    first = 0
    for group in range(reader.groups):
        for batch in reader.batches(group, names):
            values, refusals = check_batch(contract, batch, file.name, date, first, found.report)
            first += batch.num_rows
            kept = passed(values, refusals)
            found.gaps.count(contract, kept)
            found.unknown.count(contract, kept, date)
            found.unknown_if_filled.count(contract, filled_wherever(contract, kept), date)
            for label in contract.tasks.labels:
                rows = label_rows(contract, label, kept[label.column])
                found.positives[label.column] += int(np.sum(rows.positive))
            if contract.scenario is None:
                continue
            for scenario in pc.value_counts(kept[contract.scenario.name]).to_pylist():
                found.scenarios[scenario["values"].decode()] += scenario["counts"]
