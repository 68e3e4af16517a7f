"""The rows of several files as one table: what one log's files must have in common."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from common.errors import BadDataError
from data.log.casting.text_kinds import narrowest
from data.log.files import LogFile
from data.log.spans import some


def one_table(files: list[LogFile], tables: list[pa.Table]) -> pa.Table:
    """Puts the rows of all files into one table; CSV texts are narrowed once, over all files.

    Args:
      files: the files, in order.
      tables: their rows, the columns of each in its own order; columns of a CSV are binary.

    Raises:
      BadDataError: columns or types differ from the first file's.
    """
    first = tables[0].schema
    for file, table in zip(files, tables, strict=True):
        lacks = set(first.names) - set(table.schema.names)
        adds = set(table.schema.names) - set(first.names)
        if lacks or adds:
            what = [f"it lacks {some(map(repr, sorted(lacks)))}"] if lacks else []
            what += [f"it has {some(map(repr, sorted(adds)))} besides"] if adds else []
            raise BadDataError(
                f"{file.name} has other columns than {files[0].name}: {', '.join(what)}; the files "
                "of one log have the same columns. Give a folder that holds the log alone, or one "
                "file"
            )
    columns = {}
    for name in first.names:
        chunks = [table.column(name) for table in tables]
        if all(file.format == "csv" for file in files):
            texts = [chunk for column in chunks for chunk in column.chunks]
            columns[name] = narrowest(one_array(pa.chunked_array(texts)))
        else:
            columns[name] = _promoted(name, files, list(map(_typed, files, chunks)))
    return pa.table(columns)


def _typed(file: LogFile, column: pa.ChunkedArray) -> pa.ChunkedArray:
    # A CSV file among others is compared by what its texts say.
    return pa.chunked_array([narrowest(one_array(column))]) if file.format == "csv" else column


def _promoted(name: str, files: list[LogFile], columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """One column of files whose number types may differ (int32 and int64, null and any)."""
    as_written, columns = columns, _without_uint64(columns)
    target = columns[0].type
    for number, (file, column) in enumerate(zip(files, columns, strict=True)):
        target = _common(target, column.type)
        if target is None:
            raise BadDataError(
                f"{file.name}, column '{name}' is {as_written[number].type}, and "
                f"{as_written[0].type} in "
                f"{files[0].name}; write all files with one type"
            )
    return pa.chunked_array(
        [chunk for column in columns for chunk in column.cast(target, safe=False).chunks], target
    )


def _without_uint64(columns: list[pa.ChunkedArray]) -> list[pa.ChunkedArray]:
    """One column of all files, with uint64 as int64; as text where one file's is beyond int64.

    Hashes are: int64 in one file and text in the next would be the same ids.
    """
    types = pa.types
    if not any(types.is_uint64(column.type) for column in columns):
        return columns
    texts = any(types.is_string(column.type) or _is_beyond_int64(column) for column in columns)
    target = pa.string() if texts else pa.int64()
    return [column.cast(target) if types.is_integer(column.type) else column for column in columns]


def _is_beyond_int64(column: pa.ChunkedArray) -> bool:
    largest = pa.scalar(np.iinfo(np.int64).max, pa.uint64())
    return pa.types.is_uint64(column.type) and bool(pc.any(pc.greater(column, largest)).as_py())


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    types = pa.types
    if one == other or types.is_null(other):
        return one
    if types.is_null(one):
        return other
    if types.is_list(one) and types.is_list(other):
        inner = _common(one.value_type, other.value_type)
        return None if inner is None else pa.list_(inner)
    if {one, other} == {pa.string(), pa.binary()}:
        return pa.binary()
    whole = types.is_integer(one) or types.is_boolean(one)
    other_whole = types.is_integer(other) or types.is_boolean(other)
    if whole and other_whole:
        return pa.int64()
    if (whole or types.is_floating(one)) and (other_whole or types.is_floating(other)):
        return pa.float64()
    return None


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Joins the chunks of a column."""
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
