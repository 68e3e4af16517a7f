"""Writes a log as one folder a span (a UTC day) of Parquet files."""

from __future__ import annotations

import logging
import pathlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.atomic_files import whole_folder
from common.errors import BadDataError
from data.log.spans import PREFIX
from schemas.column import Column

logger = logging.getLogger(__name__)

ROWS_A_PART = 250_000
SECONDS_A_DAY = 86_400


def span_name(day: np.datetime64) -> str:
    """The folder of a UTC day: `span=2026-01-31`."""
    return f"{PREFIX}{np.datetime_as_string(day, unit='D')}"


def split_by_day(table: pa.Table, timestamp: Column) -> Iterator[tuple[np.datetime64, pa.Table]]:
    """Yields (UTC day, its rows), the earliest first.

    Rows are in the order of the timestamp; rows of one time keep the order of `table`.

    Args:
      table: the log.
      timestamp: the contract's timestamp column; its tag says the unit.

    Raises:
      BadDataError: no row, or a row without a timestamp.
    """
    _refuse_no_row(table)
    column = table.column(timestamp.name)
    if column.null_count:
        row = pc.index(column.is_null(), True).as_py()
        raise BadDataError(
            f"row {row}, column '{timestamp.name}': the time of the impression is missing; "
            f"fill it in or drop the row ({column.null_count} such rows)"
        )
    ticks = column.to_numpy()
    order = np.argsort(ticks, kind="stable")
    days = ticks[order] // (SECONDS_A_DAY * timestamp.tags.ticks_per_second)
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        yield np.datetime64(int(days[start]), "D"), table.take(order[start:end])


def write_span(table: pa.Table, out: pathlib.Path, day: np.datetime64, overwrite: bool) -> None:
    """Writes the rows of one day; the folder takes its name once it is complete.

    Args:
      table: the rows of `day`, in the order wanted on disk.
      out: the log's folder; made where it is missing.
      day: the UTC day.
      overwrite: replaces the span where it exists already.

    Raises:
      BadDataError: the span exists and `overwrite` is False.
    """
    target = out / span_name(day)
    refuse_existing([day], out, overwrite)
    with whole_folder(target, replace=overwrite) as unfinished:
        for part, start in enumerate(range(0, table.num_rows, ROWS_A_PART)):
            # An open file: Arrow would take a path with a blank or a bracket for an address.
            with (unfinished / f"part-{part:05d}.parquet").open("wb") as file:
                pq.write_table(table.slice(start, ROWS_A_PART), file, compression="snappy")
    logger.info("wrote %d rows to %s", table.num_rows, target)


def refuse_existing(days: list[np.datetime64], out: pathlib.Path, overwrite: bool) -> None:
    """Raises BadDataError where a span of `days` exists in `out` and must not be replaced."""
    existing = [name for name in map(span_name, days) if (out / name).exists()]
    if existing and not overwrite:
        raise BadDataError(
            f"{out} already holds {existing[0]}"
            f"{f' and {len(existing) - 1} more of the days to write' if len(existing) > 1 else ''}"
            "; write to another folder, or overwrite (--overwrite)"
        )


def write_spans(
    table: pa.Table,
    out: pathlib.Path,
    timestamp: Column | None,
    overwrite: bool = False,
    day: np.datetime64 | None = None,
) -> None:
    """Writes `table` as `<out>/span=YYYY-MM-DD/part-*.parquet`, by the UTC day of its timestamp.

    Spans of other days that are in `out` already stay as they are.

    Args:
      table: the log.
      out: the log's folder.
      timestamp: the contract's timestamp column; None where it has none.
      overwrite: replaces spans that exist already.
      day: of all rows, in their order, where there is no timestamp.

    Raises:
      BadDataError: no row, a row without a timestamp, or a span that exists already and
        must not be overwritten; nothing is written then.
    """
    if timestamp is not None:
        days = list(split_by_day(table, timestamp))
    else:
        assert day is not None
        _refuse_no_row(table)
        days = [(day, table)]
    refuse_existing([of_rows for of_rows, _ in days], out, overwrite)
    for of_rows, rows in days:
        write_span(rows, out, of_rows, overwrite)


def _refuse_no_row(table: pa.Table) -> None:
    if not table.num_rows:
        raise BadDataError("the log holds no row; nothing can be written")
