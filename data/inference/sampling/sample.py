"""Samples a log that has no schema yet, through the reader that runs use."""

from __future__ import annotations

import collections
import dataclasses
import os

import numpy as np
import pyarrow as pa

from common.errors import BadDataError
from data.inference.sampling.header import without_header
from data.inference.sampling.one_table import one_array, one_table
from data.inference.sampling.plain_types import plain
from data.inference.sampling.text_faults import text_notes
from data.log.files import LeftOut, LogFile, list_log
from data.log.formats.opening import open_log
from data.log.formats.reader import LogReader
from data.log.reading_notes import notes_of
from data.log.spans import some

MOST_ROWS = 500_000


@dataclasses.dataclass(frozen=True)
class Part:
    """The first rows of one file.

    Attributes:
      file: which one.
      rows: as the pipeline's reader gives them.
      untyped: True where all columns are text.
    """

    file: LogFile
    rows: pa.Table
    untyped: bool


@dataclasses.dataclass(frozen=True)
class Sample:
    """Rows of a log.

    Attributes:
      table: the rows, in the order of the files, in the types of `plain_types`; texts of a CSV in
        their narrowest type.
      parts: the same rows as they were read.
      files: the files, in order.
      days: datetime64[D] [N], the day of each row's `span=` folder; None where there are none.
      complete: True where every row was read.
      left_out: files and folders that are not read.
      notes: (how a file is read where its name does not say so, its name).
    """

    table: pa.Table
    parts: tuple[Part, ...]
    files: tuple[LogFile, ...]
    days: np.ndarray | None
    complete: bool
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    def place(self, row: int) -> str:
        """Where a row of the table is: its file, and its row in it, from 0."""
        for part in self.parts:
            if row < part.rows.num_rows:
                return f"{part.file.name}, row {row:,}"
            row -= part.rows.num_rows
        raise IndexError(row)


def read_sample(source: str | os.PathLike[str], most_rows: int = MOST_ROWS) -> Sample:
    """Reads up to about `most_rows` rows, equally many from the start of every file.

    Raises:
      BadDataError: no file, a file that can't be read, or one whose columns or types differ
        from the first one's; or no row at all.
    """
    listing = list_log(source)
    share = -(-most_rows // len(listing.files))
    parts, days, complete = [], [], True
    notes: list[tuple[str, str]] = []
    for file in listing.files:
        reader = open_log(file)
        notes += notes_of(file, reader)
        if reader.is_empty:
            continue
        table, whole = _first_rows(file, reader, share)
        complete = complete and whole
        notes += text_notes(file, table)
        if table.num_rows:
            parts.append(Part(file, table, reader.untyped))
            days.append(np.full(table.num_rows, file.date or "NaT", "datetime64[D]"))
    if not parts:
        raise BadDataError(f"{source} has no row; deliver the log again")
    all_days = np.concatenate(days)
    known = None if np.isnat(all_days).any() else all_days
    table = one_table([part.file for part in parts], list(map(_plain, parts)))
    return Sample(
        table, tuple(parts), listing.files, known, complete, listing.left_out, tuple(notes)
    )


def _first_rows(file: LogFile, reader: LogReader, most_rows: int) -> tuple[pa.Table, bool]:
    """The first rows of a file, and whether these are all of it."""
    names = reader.schema.names
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        hint = without_header(names) if file.format == "csv" else ""
        raise BadDataError(
            f"{file.name}: {some(_times(name, names.count(name)) for name in twice)}; give every "
            f"column a name of its own{f'; {hint}' if hint else ''}"
        )
    batches: list[pa.RecordBatch] = []
    rows = 0
    for group in range(reader.groups):
        for batch in reader.batches(group, names):
            batches.append(batch)
            rows += batch.num_rows
            if rows > most_rows:
                return _table(batches, names).slice(0, most_rows), False
    return _table(batches, names) if batches else pa.table({}), True


def _times(name: str, count: int) -> str:
    return f"column '{name}' is there {count} times"


def _table(batches: list[pa.RecordBatch], names: list[str]) -> pa.Table:
    # Readers may give columns in whatever order.
    return pa.Table.from_batches(batches).select(names)


def _plain(part: Part) -> pa.Table:
    """The values of a file as those of other formats would be, so that these can be compared."""
    columns = [one_array(column) for column in part.rows.columns]
    if not part.untyped:
        columns = [plain(column, part.file.format == "tfrecord") for column in columns]
    return pa.table(columns, part.rows.schema.names)
