"""Columns of lists, cast and padded to the shapes that a signature wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from serving.client.casting import ColumnValueError
from serving.client.list_values import list_values, wanted_list
from serving.served_columns import ServedColumn

_PADDING = {"int64": 0, "float32": 0.0, "string": b""}


class PaddedLists(NamedTuple):
    """A column of lists as a request carries it.

    Attributes:
      values: int64, float32 or bytes [B, L]; of a sequence the newest L, of a multi-valued
        column the first.
      lengths: how many values each row came with, which may be more than L: int64 [B].
    """

    values: np.ndarray
    lengths: np.ndarray


def cast_lists(name: str, values: Any, column: ServedColumn) -> PaddedLists:
    """Casts a column of lists; see `serving.client.rows.tensors`.

    Args:
      name: the column's.
      values: B lists.
      column: of the model.

    Raises:
      ColumnValueError: a row has no list, or its list holds a value that has no place in the
        type, a missing one, another list, or as a vector another number of numbers.
      BadDataError: `values` are no column.
    """
    flat, lengths = list_values(name, values, column)
    if column.dim is not None:
        return PaddedLists(_vectors(name, flat, lengths, column, column.dim), lengths)
    assert column.length is not None and column.lengths is not None
    padded = np.full((len(lengths), column.length), _PADDING[column.dtype], flat.dtype)
    kept = np.minimum(lengths, column.length)
    ends = np.cumsum(lengths)
    starts = ends - (kept if column.lengths.newest else lengths)
    places = np.arange(column.length)
    there = places < kept[:, np.newaxis]
    padded[there] = flat[(starts[:, np.newaxis] + places)[there]]
    return PaddedLists(padded, lengths)


def aligned_lengths(
    lists: Mapping[str, PaddedLists], columns: Mapping[str, ServedColumn]
) -> dict[str, np.ndarray]:
    """Makes the inputs of the lists' lengths, one for all columns that are aligned.

    Args:
      lists: by column.
      columns: the signature's.

    Returns:
      int64 [B], in [0, L], by the input's name.

    Raises:
      ColumnValueError: columns that are aligned have lists of different lengths in a row.
    """
    first: dict[str, str] = {}
    found: dict[str, np.ndarray] = {}
    for name, padded in lists.items():
        column = columns[name]
        if column.length is None or column.lengths is None:
            continue
        other = first.setdefault(column.lengths.input, name)
        differs = np.flatnonzero(padded.lengths != lists[other].lengths)
        if len(differs):
            index = int(differs[0])
            raise ColumnValueError(
                name,
                index,
                f"its list has length {padded.lengths[index]}, and that of '{other}' length "
                f"{lists[other].lengths[index]}; the aligned lists of '{column.group}' need one "
                "length in a row",
            )
        found[column.lengths.input] = np.minimum(padded.lengths, column.length)
    return found


def _vectors(
    name: str, flat: np.ndarray, lengths: np.ndarray, column: ServedColumn, dim: int
) -> np.ndarray:
    """Float32 [B, dim]; NaN in all places of a missing one."""
    for index in np.flatnonzero(lengths != dim):
        if lengths[index]:
            raise ColumnValueError(
                name, int(index), f"got {lengths[index]} values, wanted {wanted_list(column)}"
            )
        if column.missing is None:
            raise ColumnValueError(
                name,
                int(index),
                f"the vector is missing, and the model needs {wanted_list(column)}",
            )
    found = np.full((len(lengths), dim), np.nan, flat.dtype)
    found[lengths > 0] = flat.reshape(-1, dim)
    return found
