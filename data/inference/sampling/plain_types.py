"""Columns of whatever Arrow type in the few that guesses are made from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting import lists


def plain(column: pa.Array, lists_of_one: bool = False) -> pa.Array:
    """Gives a column the type that the same values have in other files.

    Args:
      column: of any type, [N].
      lists_of_one: True for a format that knows lists only, of which one of at most one value
        is that value.

    Returns:
      bool, an integer, float32, float64, timestamp, string or binary, or lists of these, [N]. A
      type that the pipeline's reader has no place for stays.
    """
    if lists_of_one:
        column = _without_lists(column)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    if lists.is_list(column.type):
        return _plain_lists(column)
    kind, types = column.type, pa.types
    if kind == pa.float16():  # Arrow can't cast it.
        wide = column.to_numpy(zero_copy_only=False).astype(np.float32)
        return pa.array(wide, mask=column.is_null().to_numpy(zero_copy_only=False))
    if types.is_large_string(kind):
        return column.cast(pa.string())
    if types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _as_text(column.cast(pa.binary()))
    if types.is_binary(kind):
        return _as_text(column)
    return column


def _without_lists(column: pa.Array) -> pa.Array:
    if not lists.is_list(column.type):
        return column
    values, several = lists.first_values(column)
    return column if several is not None else values


def _plain_lists(column: pa.Array) -> pa.ListArray:
    """Lists of whatever kind as `pa.list_` of plain values; nested ones are as plain inside."""
    values = plain(column.flatten())
    if values.type == pa.uint64():
        largest = pa.scalar(np.iinfo(np.int64).max, pa.uint64())
        fits = pc.all(pc.less_equal(values, largest)).as_py() is not False
        values = values.cast(pa.int64() if fits else pa.string())
    elif pa.types.is_boolean(values.type):
        values = values.cast(pa.int64())
    absent = column.is_null().to_numpy(zero_copy_only=False)
    return lists.list_array(lists.list_lengths(column), absent, values)


def _as_text(column: pa.Array) -> pa.Array:
    """UTF-8 as text, other bytes as they are."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return column
