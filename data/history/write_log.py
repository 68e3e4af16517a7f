"""Writes a log in spans once more, with the histories of its rows."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from common.atomic_files import whole_folder
from common.errors import BadDataError
from data.history.batches import PartWriter, batches_of
from data.history.carried import CarriedHistories, DayHistories
from data.history.events import Rows, rows_of_day
from data.history.log_plan import refuse_taken
from data.history.plan import HistoryPlan
from data.history.targets import check_writable
from data.log.arrow_schema import arrow_fields
from data.log.casting.strict import cast_or_refuse
from data.log.check_batch import check_batch
from data.log.files import LeftOut, LogFile, list_span, outside_spans
from data.log.formats.opening import open_checked
from data.log.formats.reader import LogReader
from data.log.report import Report
from data.log.rules import day_bounds
from data.log.span_writer import span_name
from data.log.spans import list_names, no_row, spans
from schemas.contract import Contract


@dataclasses.dataclass
class Written:
    """What was read and written.

    Attributes:
      dates: the spans, in order.
      events: rows that are events of a user.
      guests: rows without a user, which have no history.
      empty: rows of users without an earlier event.
      report: rows read, and rows that break the contract, by rule.
      left_out: files and folders that are not read.
      kept: the spans that were there already and stay: only their events were read.
      dropped: columns of CSV files that the schema does not name, and so says no type of.
    """

    dates: tuple[str, ...]
    kept: tuple[str, ...] = ()
    events: int = 0
    guests: int = 0
    empty: int = 0
    report: Report = dataclasses.field(default_factory=Report)
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    dropped: set[str] = dataclasses.field(default_factory=set)


def write_histories(
    plan: HistoryPlan,
    log: str,
    out: pathlib.Path | None,
    overwrite: bool = False,
    resume: bool = False,
) -> tuple[Written, CarriedHistories]:
    """Writes every span of a log with the lists of `plan.fields` behind its columns.

    A day is read twice: for its events, of which only the columns that make them are held, and
    to write it, batch by batch. So memory is the carried state and these columns of one day.
    Files keep their rows' order and, where they are no CSV, all their columns as they are. Each
    span takes its name when it is complete.

    Args:
      plan: the history.
      log: the folder of spans.
      out: the folder of the spans to write; None for the state after the last day only.
      overwrite: replaces spans that exist already.
      resume: keeps spans that exist already, which must be the log's first ones.

    Returns:
      What was written, and the state after the last day.

    Raises:
      BadDataError: the log has no span, a file can't be read or does not fit the schema, or a span
        exists already and must not be overwritten or can't be kept.
    """
    written = Written(spans(list_names(log)))
    written.left_out.extend(outside_spans(log))
    if out is not None:
        written.kept = check_writable(log, out, overwrite, resume)
    carried = CarriedHistories(plan)
    for date in written.dates:
        listing = list_span(log, date)
        written.left_out.extend(listing.left_out)
        rows = _read_day(plan, listing.files, date, written)
        _, end = day_bounds(date, plan.time.tags.ticks_per_second)
        day = carried.add_day(rows, end)
        written.empty += int((day.windows.lengths == 0).sum()) - rows.users.null_count
        if out is not None and date not in written.kept:
            with whole_folder(out / span_name(np.datetime64(date)), replace=overwrite) as folder:
                written.dropped |= _write_day(plan, listing.files, day, folder)
    return written, carried


def _read_day(plan: HistoryPlan, files: tuple[LogFile, ...], date: str, written: Written) -> Rows:
    contract = plan.contract
    names = tuple(column.name for column in contract.columns)
    parts: list[Mapping[str, pa.Array]] = []
    refused: list[np.ndarray] = []
    for file in files:
        first = 0
        for batch in batches_of(open_checked(file, contract), names):
            values, refusals = check_batch(contract, batch, file.name, date, first, written.report)
            first += batch.num_rows
            parts.append({name: values[name].array for name in plan.reads})
            refused.append(np.isin(np.arange(batch.num_rows), refusals.rows))
    if not parts:
        raise BadDataError(no_row(date))
    columns = {name: pa.concat_arrays([part[name] for part in parts]) for name in plan.reads}
    wrong = np.concatenate(refused)
    known = columns[plan.user.name].is_valid().to_numpy(zero_copy_only=False)
    written.guests += int((~known & ~wrong).sum())
    rows = rows_of_day(plan, columns, date, wrong)
    written.events += len(rows.events())
    return rows


def _write_day(
    plan: HistoryPlan, files: tuple[LogFile, ...], day: DayHistories, folder: pathlib.Path
) -> set[str]:
    """Writes a day; returns the columns of its files that are not written."""
    dropped: set[str] = set()
    parts = PartWriter(folder)
    row = 0
    for file in files:
        reader = open_checked(file, plan.contract)
        refuse_taken(plan, reader, file.name)
        if reader.untyped:
            dropped |= {*reader.schema.names} - {x.name for x in plan.contract.columns}
        first = 0
        for batch in batches_of(reader, tuple(reader.schema.names)):
            stop = row + batch.num_rows
            known = _columns(plan.contract, reader, batch, file, first)
            lists = day.lists(row, stop)
            schema = pa.schema([*known.schema, *plan.fields])
            parts.write(pa.RecordBatch.from_arrays([*known.columns, *lists], schema=schema))
            row, first = stop, first + batch.num_rows
        parts.close()
    if row != len(day):
        raise BadDataError(
            f"{folder.parent}: a span had {len(day):,} rows, and {row:,} when it was read once "
            "more; run again when nothing writes to the log"
        )
    return dropped


def _columns(
    contract: Contract, reader: LogReader, batch: pa.RecordBatch, file: LogFile, first: int
) -> pa.RecordBatch:
    """A batch as it is; of a file of text the contract's columns in their types."""
    if not reader.untyped:
        return batch
    fields = arrow_fields(contract)
    arrays = [cast_or_refuse(contract, batch, field, file.name, first) for field in fields]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))
