"""Reads rows of a log whose columns nobody has described yet."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from common.errors import BadDataError
from data.inference.tfrecord_rows import first_examples
from data.log.formats.endings import KNOWN, format_of

MOST_ROWS = 500_000
_SPAN = re.compile(r"span=(\d{4}-\d{2}-\d{2})")
_TEXT_KINDS = (
    pa.int64(), pa.float64(), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.bool_()
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Sample:
    """Rows of a log.

    Attributes:
      table: the rows, in the order of the files; texts of a CSV in their narrowest type.
      files: the files, in order.
      days: datetime64[D] [N], the day of each row's `span=` folder; None where there are none.
      complete: True where every row was read.
    """

    table: pa.Table
    files: tuple[pathlib.Path, ...]
    days: np.ndarray | None
    complete: bool


def log_files(source: pathlib.Path) -> list[pathlib.Path]:
    """The log's files of a folder and its sub-folders, or the one file, sorted.

    Args:
      source: a folder, whose other files are left out, or a file.

    Raises:
      BadDataError: there is no such file.
    """
    if source.is_file():
        if format_of(source.name) is None:
            raise BadDataError(
                f"{source} is no file of a log, by its name; wanted an ending in small letters: "
                f"{KNOWN}"
            )
        return [source]
    if not source.is_dir():
        raise BadDataError(f"{source} does not exist; give the folder of the log's files")
    files = [
        path
        for path in sorted(source.rglob("*"))
        if format_of(path.name)
        and not any(part.startswith((".", "_")) for part in path.relative_to(source).parts)
    ]
    if not files:
        found = ", ".join(sorted(path.name for path in source.iterdir())[:10]) or "nothing"
        raise BadDataError(
            f"{source} holds no file of a log, by their names (found: {found}); wanted endings in "
            f"small letters: {KNOWN}"
        )
    return files


def read_sample(source: pathlib.Path, most_rows: int = MOST_ROWS) -> Sample:
    """Reads up to about `most_rows` rows, equally many from the start of every file.

    Raises:
      BadDataError: no file, a file that can't be read, or one whose columns or types differ
        from the first one's; or no row at all.
    """
    files = log_files(source)
    share = -(-most_rows // len(files))
    tables, days, complete = [], [], True
    for path in files:
        table, whole = _first_rows(path, share)
        complete = complete and whole
        span = _SPAN.search(str(path))
        tables.append(table)
        days.append(np.full(table.num_rows, span.group(1) if span else "NaT", "datetime64[D]"))
    table = _together(files, tables)
    if not table.num_rows:
        raise BadDataError(f"{source} holds files and no row; deliver the log anew")
    all_days = np.concatenate(days)
    known = None if np.isnat(all_days).any() else all_days
    return Sample(table, tuple(files), known, complete)


def _first_rows(path: pathlib.Path, most_rows: int) -> tuple[pa.Table, bool]:
    """The first rows of a file, and whether these are all of it."""
    if format_of(path.name) == "tfrecord":
        return first_examples(path, most_rows)
    batches: list[pa.RecordBatch] = []
    rows = 0
    try:
        schema, stream = _opened(path)
        for batch in stream:
            if rows >= most_rows:
                return _plain(pa.Table.from_batches(batches, schema).slice(0, most_rows)), False
            batches.append(batch)
            rows += batch.num_rows
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise BadDataError(f"{path} can't be read: {error}. Write the file anew") from None
    table = pa.Table.from_batches(batches, schema)
    return _plain(table.slice(0, most_rows)), rows <= most_rows


def _opened(path: pathlib.Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if format_of(path.name) == "parquet":
        file = pq.ParquetFile(path)
        return file.schema_arrow, file.iter_batches()
    with pa.csv.open_csv(path) as header:
        names = header.schema.names
    stream = pa.csv.open_csv(
        path,
        # Only a single thread tells the number of a broken row.
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
        ),
    )
    return stream.schema, iter(stream)


def _plain(table: pa.Table) -> pa.Table:
    """Decodes dictionaries, so that files that differ in these alone agree."""
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = table.column(index).cast(field.type.value_type)
            table = table.set_column(index, field.name, decoded)
    return table


def _together(files: list[pathlib.Path], tables: list[pa.Table]) -> pa.Table:
    """One table of all; CSV texts are narrowed once, over all files."""
    first = tables[0].schema
    for path, table in zip(files, tables, strict=True):
        lacks = set(first.names) - set(table.schema.names)
        adds = set(table.schema.names) - set(first.names)
        if lacks or adds:
            what = [f"it lacks {_some(lacks)}"] if lacks else []
            what += [f"it has {_some(adds)} besides"] if adds else []
            raise BadDataError(
                f"{path} has other columns than {files[0]}: {', '.join(what)}; the files of one "
                "log have the same columns. Give a folder that holds the log alone, or one file"
            )
    columns = {}
    for name in first.names:
        chunks = [table.column(name) for table in tables]
        if any(format_of(path.name) != "csv" for path in files):
            columns[name] = _promoted(name, files, chunks)
        else:
            texts = [chunk for column in chunks for chunk in column.chunks]
            columns[name] = _narrowest(pa.chunked_array(texts, pa.string()))
    return pa.table(columns)


def _some(names: set[str]) -> str:
    shown = [f"'{name}'" for name in sorted(names)[:5]]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(shown) + more


def _promoted(
    name: str, files: list[pathlib.Path], columns: list[pa.ChunkedArray]
) -> pa.ChunkedArray:
    """One column of files whose number types may differ (int32 and int64, null and any)."""
    target = columns[0].type
    for path, column in zip(files, columns, strict=True):
        target = _common(target, column.type)
        if target is None:
            raise BadDataError(
                f"{path}, column '{name}' is {column.type}, and {columns[0].type} in {files[0]}; "
                "write all files with one type"
            )
    return pa.chunked_array(
        [chunk for column in columns for chunk in column.cast(target, safe=False).chunks], target
    )


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    types = pa.types
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    whole = types.is_integer(one) or types.is_boolean(one)
    other_whole = types.is_integer(other) or types.is_boolean(other)
    if whole and other_whole:
        return pa.int64()
    if (whole or types.is_floating(one)) and (other_whole or types.is_floating(other)):
        return pa.float64()
    return None


def _narrowest(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """A CSV's column in the first type that holds all its values."""
    if texts.null_count == len(texts):
        return texts
    missing = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(["nan", "null"]))
    known = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
    for kind in _TEXT_KINDS:
        try:
            return known.cast(kind)
        except pa.ArrowException:
            continue
    return texts
