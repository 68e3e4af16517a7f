"""One column of values, cast to the dtype that a signature wants."""

from __future__ import annotations

import decimal
import numbers
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Literal

import numpy as np

from common.errors import BadDataError
from serving.served_columns import ServedColumn

_WANTED = {
    "int64": "a whole number from -2**63 to 2**63 - 1 (int64)",
    "float32": "a finite number (float32)",
    "string": "text in UTF-8 or a whole number (string)",
}
_DTYPES = {"int64": np.int64, "float32": np.float32, "string": object}
_LARGEST_SHOWN = 80
_NO_COLUMNS = (str, bytes, Mapping, Set)
_PANDAS_MISSING = ("NAType", "NaTType")
# Beyond it a double can't tell neighbouring integers apart.
_EXACT = 2**53


class ColumnValueError(BadDataError):
    """A value that has no place in its column.

    Attributes:
      column: its name.
      index: the row, from 0.
      reason: the value got and the one wanted.
      missing: whether it is a missing value where one is needed.
    """

    def __init__(self, column: str, index: int, reason: str, missing: bool = False) -> None:
        super().__init__(f"column '{column}', index {index}: {reason}")
        self.column = column
        self.index = index
        self.reason = reason
        self.missing = missing

    def at(self, place: str) -> BadDataError:
        """The same for people who know the row by another name, such as `rows.csv, row 7`."""
        return BadDataError(f"{place}, column '{self.column}': {self.reason}")


def cast_column(name: str, values: Any, column: ServedColumn) -> np.ndarray:
    """Casts the values of one column; see `serving.client.rows.tensors`.

    Returns:
      int64, float32 or bytes [B].

    Raises:
      ColumnValueError: a value has no place in the type, or is missing where none may be.
      BadDataError: `values` are no column of values.
    """
    listed = _listed(name, values)
    if isinstance(listed, np.ndarray):
        array = cast_numbers(listed, column)
        if array is not None:
            return array
        listed = listed.tolist()
    return _cast_each(name, listed, column)


def _listed(name: str, values: Any) -> np.ndarray | Sequence[Any]:
    """The values as a plain array [B] of numbers, or as a sequence."""
    if hasattr(values, "to_pylist"):  # Arrow's: as an array, integers with nulls were floats.
        values = values.to_pylist()
    elif not isinstance(values, list | tuple | np.ndarray):
        is_column = isinstance(values, Iterable) and not isinstance(values, _NO_COLUMNS)
        if not is_column:
            raise BadDataError(f"column '{name}': wanted one value a row, got {shown(values)}")
        # pandas' and others' are arrays in their own way; what is none, such as a range, a list.
        # Of integers with pandas' own missing values, newer releases of it make floats.
        may_be_missing = hasattr(getattr(values, "dtype", None), "na_value")
        has_array = hasattr(values, "__array__") and not may_be_missing
        values = np.asarray(values) if has_array else list(values)
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            shape = list(values.shape)
            raise BadDataError(
                f"column '{name}': wanted one value a row, got an array of shape {shape}"
            )
        if values.dtype.kind in "mM":
            return list(values)  # As plain values, nanoseconds were integers.
        # A masked array's list has None where it is masked.
        if values.dtype.kind not in "iuf" or isinstance(values, np.ma.MaskedArray):
            return values.tolist()
    return values


def is_missing(value: Any) -> bool:
    """Whether one value stands for none: None, NaN, NA, NaT, masked."""
    return _plain(value) is None


def cast_numbers(array: np.ndarray, column: ServedColumn) -> np.ndarray | None:
    """Casts numbers [B] as a whole; None where that can't be, or something may be wrong."""
    if column.dtype == "int64" and array.dtype.kind in "iu":
        fits = not array.size or array.max() <= np.iinfo(np.int64).max
        return array.astype(np.int64, copy=False) if fits else None
    if column.dtype == "float32":
        with np.errstate(over="ignore"):
            found = array.astype(np.float32, copy=False)
        # What is not finite may be missing, or wrong.
        return found if np.isfinite(found).all() else None
    return None


def _cast_each(name: str, values: Sequence[Any], column: ServedColumn) -> np.ndarray:
    cast = {"int64": _integer, "float32": _real, "string": _text}[column.dtype]
    found = np.empty(len(values), dtype=_DTYPES[column.dtype])
    plain = [_plain(value) for value in values]
    if column.dtype != "string":
        plain = _parsed(plain, "int" if column.dtype == "int64" else "float")
    for index, value in enumerate(plain):
        if value is None:
            if column.missing is None:
                reason = f"the value is missing ({shown(values[index])}), and the model needs one"
                raise ColumnValueError(name, index, reason, missing=True)
            found[index] = column.missing
            continue
        try:
            found[index] = cast(value)
        except (ValueError, TypeError, ArithmeticError):
            reason = f"got {shown(values[index])}, wanted {_WANTED[column.dtype]}"
            raise ColumnValueError(name, index, reason) from None
    return found


def _plain(value: Any) -> Any:
    """A scalar of numpy, Arrow or pandas as Python's own; None where it is missing."""
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    # The masked constant is an array of no dimensions too, whose item is 0.
    if value is np.ma.masked:
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):
        return None if np.isnat(value) else value
    if isinstance(value, np.longdouble):  # Python has none, so it is its own item.
        value = float(value)
    elif isinstance(value, np.generic):
        value = value.item()
    elif hasattr(value, "as_py"):
        value = value.as_py()
    if type(value).__name__ in _PANDAS_MISSING:
        return None
    if isinstance(value, decimal.Decimal):
        return None if value.is_nan() else value
    return None if isinstance(value, float) and value != value else value


def _parsed(values: list[Any], kind: Literal["int", "float"]) -> list[Any]:
    """Reads the texts among values as numbers, by the rule that a log's texts are read by."""
    at = [index for index, value in enumerate(values) if isinstance(value, str | bytes)]
    if not at:
        return values
    # Arrow is not in the model server's image, where no text is sent for a number.
    import pyarrow as pa

    from data.log.casting.text_numbers import parse_numbers

    texts = [
        value.encode("utf-8", "replace") if isinstance(value, str) else value
        for value in (values[index] for index in at)
    ]
    parsed, broken = parse_numbers(pa.array(texts, pa.binary()), kind)
    found = list(values)
    for position, (index, number) in enumerate(zip(at, parsed.to_pylist(), strict=True)):
        if broken is None or not broken[position]:
            found[index] = _plain(number)
    return found


def _integer(value: Any) -> int:
    if isinstance(value, float | decimal.Decimal):
        is_exact = isinstance(value, decimal.Decimal) or abs(value) <= _EXACT
        if value != int(value) or not is_exact:
            raise ValueError(value)
    elif not isinstance(value, numbers.Integral) or isinstance(value, np.timedelta64):
        raise TypeError(value)
    return int(value)


def _real(value: Any) -> np.float32:
    is_number = isinstance(value, numbers.Real | decimal.Decimal)
    if not is_number or isinstance(value, np.timedelta64):
        raise TypeError(value)
    with np.errstate(over="ignore"):
        number = np.float32(float(value))
    if not np.isfinite(number):
        raise ValueError(value)
    return number


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes | bytearray | memoryview):
        text = bytes(value)
        text.decode()  # A log's text that is no UTF-8 is refused too.
        return text
    return str(_integer(value)).encode()


def shown(value: Any) -> str:
    """A value as errors show it: short, with its type."""
    try:
        # NumPy 2 would write np.float64(nan); a time's item would be a number.
        number = isinstance(value, np.number | np.bool_) and not isinstance(value, np.timedelta64)
        text = repr(value.item() if number else value)
    except ValueError:  # Of an integer of thousands of digits.
        text = "a number of too many digits"
    short = text if len(text) <= _LARGEST_SHOWN else f"{text[:_LARGEST_SHOWN]}…"
    return f"{short} ({type(value).__name__})"
