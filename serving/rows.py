"""Rows as people write them, cast to the inputs of a signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from common.errors import BadDataError, PolyrankError
from serving.signatures import TensorSpec


def _integer(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    return int(value)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise ValueError(value)


_CASTS: dict[str, Callable[[Any], Any]] = {"int64": _integer, "float32": float, "string": _bytes}
_DTYPES = {"int64": np.int64, "float32": np.float32, "string": object}


def columns(
    rows: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, TensorSpec],
    missing: Mapping[str, Any],
) -> dict[str, np.ndarray]:
    """Turns rows into one array `[B]` an input; what is no input is passed over.

    Args:
      rows: B mappings from feature to value; None and NaN stand for a missing value.
      inputs: the signature's inputs, each a vector of int64, float32 or string.
      missing: what the model takes for a missing value, by dtype name.

    Raises:
      BadDataError: a row lacks an input, or holds a value of another kind.
      PolyrankError: the signature is not made of one vector a feature.
    """
    for name, spec in inputs.items():
        if spec.dtype not in _CASTS or (spec.shape is not None and len(spec.shape) != 1):
            raise PolyrankError(
                f"input '{name}' is {spec.dtype} {spec.shape_text()}; only vectors of int64, "
                "float32 or string can be made of rows"
            )
    for position, row in enumerate(rows, start=1):
        lacking = [name for name in inputs if name not in row]
        if lacking:
            raise BadDataError(
                f"row {position} lacks {', '.join(lacking)}; the model's features are: "
                f"{', '.join(inputs)} (write null for a missing value)"
            )
    return {name: _column(rows, name, spec.dtype, missing) for name, spec in inputs.items()}


def _column(
    rows: Sequence[Mapping[str, Any]], name: str, dtype: str, missing: Mapping[str, Any]
) -> np.ndarray:
    column = np.empty(len(rows), dtype=_DTYPES[dtype])
    for position, row in enumerate(rows):
        value = row[name]
        try:
            # pandas writes whole numbers with gaps as floats, and the gaps as NaN.
            absent = value is None or value != value
            column[position] = missing[dtype] if absent else _CASTS[dtype](value)
        except (ValueError, TypeError, OverflowError):
            raise BadDataError(
                f"row {position + 1}: '{name}' is {value!r}, wanted {dtype}"
            ) from None
    return column
