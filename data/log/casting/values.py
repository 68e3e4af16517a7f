"""Values of a file in the type that a tf.Example holds, a column at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.text_numbers import parse_numbers
from schemas.column import ColumnType

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "int": pa.int64(),
    "float": pa.float32(),
    "bytes": pa.binary(),
}
_UNITS = {1: "s", 1_000: "ms", 1_000_000: "us"}

Broken = dict[str, np.ndarray]
"""Reason -> bool [N], the rows whose value was there and can't be used."""


def cast(
    array: pa.Array, kind: ColumnType, ticks_per_second: int | None = None
) -> tuple[pa.Array, Broken]:
    """Casts values.

    Args:
      array: of any accepted type, [N].
      kind: the contract's type.
      ticks_per_second: the unit of a column of times, or None for another column.

    Returns:
      int64, float32 or binary [N], null where missing or unusable, and what was unusable.
    """
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary_decode()
    target = ARROW_TYPES[kind]
    if kind == "bytes":
        return _cast_text(array)
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp(_UNITS[ticks_per_second or 1], array.type.tz), safe=False)
    if pa.types.is_binary(array.type) or pa.types.is_string(array.type):
        array, unparsed = parse_numbers(array, kind, ticks_per_second)
        found, broken = _cast_number(array, target)
        if unparsed is not None:
            unparsed = unparsed | broken.get("unusable_number", False)
            broken = {"unusable_number": unparsed}
        return found, broken
    return _cast_number(array, target)


def _cast_text(array: pa.Array) -> tuple[pa.Array, Broken]:
    """Texts as they are; whole numbers as people write them (pages 1, 2, 3 are names too)."""
    if pa.types.is_floating(array.type):
        numbers, broken = _cast_number(array, pa.int64())
        texts, _ = _cast_text(numbers)
        return texts, {"no_text": broken["unusable_number"]} if broken else {}
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int64())
    if pa.types.is_integer(array.type):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array.cast(pa.binary()), {}
    array = array.cast(pa.binary())
    try:
        array.cast(pa.string())
    except pa.ArrowInvalid:
        encoded = array.dictionary_encode()
        bad = pa.array([not _is_utf8(value) for value in encoded.dictionary.to_pylist()])
        rows = pc.fill_null(bad.take(encoded.indices), False)
        array = without(array, rows)
        return array, {"not_utf8": rows.to_numpy(zero_copy_only=False)}
    return array, {}


def without(texts: pa.Array, rows: pa.Array) -> pa.Array:
    """Texts, string or binary [N], with null in the `rows`, bool [N] without nulls."""
    # Arrow 18's if_else makes wrong offsets of a slice of texts.
    return pc.replace_with_mask(texts, rows, pa.scalar(None, texts.type))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cast_number(array: pa.Array, target: pa.DataType) -> tuple[pa.Array, Broken]:
    is_float = target == pa.float32()
    if array.type == pa.uint64() and not is_float:
        return _cast_unsigned(array)
    if not pa.types.is_floating(array.type):
        # A float32 rounds large integers; Arrow's safe cast would refuse them instead.
        return array if array.type == target else array.cast(target, not is_float), {}
    if array.type == pa.float16():  # Arrow can't cast it.
        wide = array.to_numpy(zero_copy_only=False).astype(np.float32)
        array = pa.array(wide, mask=array.is_null().to_numpy(zero_copy_only=False))
    # pandas writes missing numbers as NaN; here missing is null.
    missing = pc.is_null(array, nan_is_null=True)
    if is_float:
        array = array if array.type == target else array.cast(target)
        usable = pc.is_finite(array)
    else:
        # Beyond 2**53 a double can't tell neighbouring integers apart.
        usable = pc.and_(
            pc.equal(array, pc.trunc(array)), pc.less_equal(pc.abs(array), float(2**53))
        )
    kept = pc.and_(pc.invert(missing), pc.fill_null(usable, False))
    unusable = pc.and_(pc.invert(missing), pc.invert(pc.fill_null(usable, False)))
    if pc.all(kept).as_py() is False:
        array = pc.if_else(kept, array, pa.scalar(None, array.type))
    found = array if array.type == target else array.cast(target)
    if not pc.any(unusable).as_py():
        return found, {}
    return found, {"unusable_number": unusable.to_numpy(zero_copy_only=False)}


def _cast_unsigned(array: pa.Array) -> tuple[pa.Array, Broken]:
    """uint64 as int64; what int64 can't hold (half of all 64-bit hashes) is unusable."""
    usable = pc.less_equal(array, pa.scalar(np.iinfo(np.int64).max, pa.uint64()))
    if pc.all(usable).as_py() is not False:
        return array.cast(pa.int64()), {}
    unusable = pc.fill_null(pc.invert(usable), False).to_numpy(zero_copy_only=False)
    found = pc.if_else(usable, array, pa.scalar(None, pa.uint64())).cast(pa.int64())
    return found, {"unusable_number": unusable}
