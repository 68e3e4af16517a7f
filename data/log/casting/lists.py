"""Columns of lists: of one value each, where a format knows nothing else, or ragged."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.values import ARROW_TYPES, Broken, cast
from schemas.column import ColumnType


def is_list(kind: pa.DataType) -> bool:
    """Says whether values are lists."""
    types = pa.types
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def first_values(array: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Takes lists of at most one value as that value.

    Args:
      array: lists [N].

    Returns:
      The first values [N], null where there is none; and bool [N], True where there are more,
      or None where no list has more.
    """
    lengths = list_lengths(array)
    values = array.flatten()
    if (lengths == 1).all():
        return values, None
    starts = np.cumsum(lengths) - lengths
    several = lengths > 1
    return values.take(pa.array(starts, mask=lengths == 0)), several if several.any() else None


def cast_each(array: pa.Array, kind: ColumnType) -> tuple[pa.Array, Broken]:
    """Casts the values of lists.

    Args:
      array: lists [N] of any accepted type, or nulls.
      kind: the contract's type of the values.

    Returns:
      Lists [N] of int64, float32 or binary, null where missing or unusable; and the rows of
      which a value is unusable, `null_in_list` where one is missing.
    """
    target = ARROW_TYPES[kind]
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.list_(target)), {}
    lengths = list_lengths(array)
    flat = array.flatten()
    if pa.types.is_null(flat.type):
        flat = flat.cast(target)
    values, broken_values = cast(flat, kind)
    absent = array.is_null().to_numpy(zero_copy_only=False)
    if not broken_values and not values.null_count:
        return list_array(lengths, absent, values), {}
    rows = np.repeat(np.arange(len(array)), lengths)
    broken = {reason: _any(which, rows, len(array)) for reason, which in broken_values.items()}
    for which in broken.values():
        absent = absent | which
    gaps = _any(values.is_null().to_numpy(zero_copy_only=False), rows, len(array)) & ~absent
    if gaps.any():
        broken["null_in_list"] = gaps
        absent = absent | gaps
    values = values.filter(pa.array(~absent[rows]))
    return list_array(np.where(absent, 0, lengths), absent, values), broken


def list_array(lengths: np.ndarray, absent: np.ndarray, values: pa.Array) -> pa.Array:
    """Makes lists of their values.

    Args:
      lengths: int64 [N]; 0 where absent.
      absent: bool [N], True where the list is null.
      values: of all lists, end to end.
    """
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    mask = np.append(absent, False) if absent.any() else None
    return pa.ListArray.from_arrays(pa.array(offsets, mask=mask), values)


def empty_as_null(array: pa.Array) -> pa.Array:
    """Lists [N] with null for the empty ones."""
    lengths = list_lengths(array)
    return list_array(lengths, lengths == 0, array.flatten())


def list_lengths(array: pa.Array) -> np.ndarray:
    """How many values each list has, int64 [N]; 0 of null."""
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    return lengths.to_numpy(zero_copy_only=False).astype(np.int64)


def _any(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Returns bool [count]: the rows of which some value is True."""
    found = np.zeros(count, bool)
    found[rows[values]] = True
    return found
