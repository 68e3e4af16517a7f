"""The values of a column of lists, end to end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np

from common.errors import BadDataError
from serving.client.casting import ColumnValueError, cast_column, cast_numbers, is_missing, shown
from serving.client.list_texts import split_texts_among
from serving.served_columns import ServedColumn

_NO_LISTS = (str, bytes, bytearray, memoryview, Mapping, Set)


class ListValues(NamedTuple):
    """The values of B lists.

    Attributes:
      values: of all lists, end to end: int64, float32 or bytes [n].
      lengths: how many of them each row has, 0 where it has no list: int64 [B].
    """

    values: np.ndarray
    lengths: np.ndarray


def list_values(name: str, values: Any, column: ServedColumn) -> ListValues:
    """Casts the values of lists.

    Args:
      name: the column's.
      values: B lists, or texts that hold them where the model says how.
      column: of the model.

    Raises:
      ColumnValueError: a row has no list, or its list holds a value that has no place in the
        type, a missing one or another list.
      BadDataError: `values` are no column.
    """
    came = split_texts_among(name, _rows(name, values, column), column)
    rows = [_row(name, index, row, column) for index, row in enumerate(came)]
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    return ListValues(_cast(name, rows, lengths, column), lengths)


def wanted_list(column: ServedColumn) -> str:
    """What a row must have, as errors say it."""
    return f"a list of {column.dim} numbers" if column.dim is not None else "a list of values"


def _rows(name: str, values: Any, column: ServedColumn) -> Sequence[Any]:
    """The B rows, each as it came."""
    values = _unmasked(values)
    if isinstance(values, np.ndarray):
        is_column = values.ndim == 1 and (values.dtype == object or not values.size)
        if values.ndim == 2 or is_column:
            return list(values)
        raise BadDataError(
            f"column '{name}': wanted {wanted_list(column)} a row, got an array of shape "
            f"{list(values.shape)}"
        )
    if hasattr(values, "to_pylist"):
        return list(values.to_pylist())
    if hasattr(values, "columns") or not isinstance(values, Iterable) or _is_no_list(values):
        raise BadDataError(
            f"column '{name}': wanted {wanted_list(column)} a row, got {shown(values)}"
        )
    return list(values)


def _row(name: str, index: int, row: Any, column: ServedColumn) -> Sequence[Any]:
    """One row's values, none where it is missing."""
    row = _unmasked(row.as_py() if hasattr(row, "as_py") else row)
    is_array = isinstance(row, np.ndarray) and row.ndim == 1
    if not is_array and not isinstance(row, list | tuple):
        if is_missing(row):
            return ()
        if isinstance(row, np.ndarray) or not isinstance(row, Iterable) or _is_no_list(row):
            why = f"got {shown(row)}, wanted {wanted_list(column)}{_about_text(row)}"
            raise ColumnValueError(name, index, why)
        row = list(row)
    if column.dim is not None and len(row) == column.dim and all(map(is_missing, row)):
        return ()  # In an array [B, dim] a vector that is missing is a row of NaN.
    return row


def _about_text(row: Any) -> str:
    if not isinstance(row, str | bytes):
        return ""
    return "; a text is split where the schema's tag says how (text=json, text=pipe, ...)"


def _unmasked(values: Any) -> Any:
    """A masked array as lists, with None where it is masked; anything else as it is."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    masked: Any = values
    return masked.tolist()


def _is_no_list(value: Any) -> bool:
    return isinstance(value, _NO_LISTS)


def _cast(
    name: str, rows: Sequence[Sequence[Any]], lengths: np.ndarray, column: ServedColumn
) -> np.ndarray:
    """Casts the values of all rows, end to end."""
    try:
        return _flat(name, rows, column)
    except ColumnValueError as error:
        row = int(np.searchsorted(np.cumsum(lengths), error.index, "right"))
        place = error.index - int(lengths[:row].sum())
        value = rows[row][place]
        reason = error.reason
        if error.missing:
            reason = f"it is missing ({shown(value)}), and a list has no gaps"
        raise ColumnValueError(name, row, f"value {place} of the list: {reason}") from None


def _flat(name: str, rows: Sequence[Sequence[Any]], column: ServedColumn) -> np.ndarray:
    without_gaps = ServedColumn(column.input, column.dtype)
    rows = [row for row in rows if len(row)]
    kinds = {row.dtype if isinstance(row, np.ndarray) else None for row in rows}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is not None and kind.kind in "iuf":
        return cast_column(name, np.concatenate(rows), without_gaps)
    values = list(itertools.chain.from_iterable(rows))
    if column.dtype == "string":
        if all(type(value) is str for value in values):
            return _texts(name, values, without_gaps)
        return cast_column(name, values, without_gaps)
    # As an array, thousands of numbers are cast at once; what is no number is looked at by itself.
    plain = {type(value) for value in values} <= {int, float}
    array = np.array(values) if values and plain else np.empty(0, object)
    found = cast_numbers(array, without_gaps) if array.dtype.kind in "iuf" else None
    return cast_column(name, values, without_gaps) if found is None else found


def _texts(name: str, values: list[str], column: ServedColumn) -> np.ndarray:
    found = np.empty(len(values), object)
    try:
        found[:] = [value.encode() for value in values]
    except UnicodeEncodeError:
        return cast_column(name, values, column)
    return found
