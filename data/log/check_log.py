"""Holds a whole log against a contract without writing anything."""

from __future__ import annotations

import dataclasses

import pyarrow.compute as pc

from common.errors import BadDataError
from data.log.check_batch import check_batch, passed
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from data.log.formats.opening import open_checked
from data.log.labels.label_counts import LabelCounts
from data.log.labels.label_gaps import GapCounts, Gaps
from data.log.reading_notes import notes_of
from data.log.report import Report
from data.log.spans import list_names, no_row, spans
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
      labels: positives and unknown rows of the labels, of the rows that were not refused.
      gaps: what the gaps of labels with a parent are.
      scenarios: scenario -> rows, of the rows that were not refused; empty where the schema has
        none.
    """

    files: int = 0
    spans: tuple[str, ...] = ()
    report: Report = dataclasses.field(default_factory=Report)
    unreadable: list[str] = dataclasses.field(default_factory=list)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    notes: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    not_named: set[str] = dataclasses.field(default_factory=set)
    labels: LabelCounts = dataclasses.field(default_factory=LabelCounts)
    gaps: Gaps = dataclasses.field(default_factory=Gaps)
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
    gaps = GapCounts()
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
                _check_file(contract, file, date, found, gaps)
            except BadDataError as error:
                found.unreadable.append(str(error))
        if (found.report.read, len(found.unreadable)) == (read, unreadable):
            found.unreadable.append(no_row(date))
    found.gaps = gaps.decide(contract)
    found.labels.settle(found.gaps)
    return found


def _check_file(
    contract: Contract, file: LogFile, date: str, found: LogCheck, gaps: GapCounts
) -> None:
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
            # As the survey of a run, which does not know yet which rows will be refused.
            gaps.count(contract, {name: value.array for name, value in values.items()}, date)
            found.labels.count(contract, kept, date)
            if contract.scenario is None:
                continue
            for scenario in pc.value_counts(kept[contract.scenario.name]).to_pylist():
                found.scenarios[scenario["values"].decode()] += scenario["counts"]
