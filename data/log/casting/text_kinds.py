"""What a column of texts holds: the rule by which its texts are read, for who has no contract."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.text_numbers import ISO_8601, MISSING, parse_numbers

_TICKS = 1_000_000
_LOOKED_AT_FIRST = 1_000
_INT64 = np.iinfo(np.int64)
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_REAL = re.compile(r"-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|0|[1-9][0-9]*)(?:[eE][+-]?[0-9]+)?")
_DOUBLES_DIGITS = 17


def narrowest(texts: pa.Array) -> pa.Array:
    """Reads texts as numbers or times where all of them are, and nothing is lost by it.

    A column is a number only if every text is a number's canonical writing:

    - an integer: no sign but `-`, no leading zero, no blank, inside int64 (`str(int(t)) == t`);
    - a real number: such digits, with decimals or without. At least one text of the column has
      a decimal point: without one, `12e3` is an id. Decimals may end in zeros (`12.50`, `3.0`),
      but no two texts of one column may differ in these alone (`1.1` and `1.10` are versions).

    `001`, `+1`, `-0`, `0x1f`, `1_000`, `inf` and `True` are texts. What is found here is what a
    contract's column of that type is given: `text_numbers` reads all of these, and more.

    Args:
      texts: binary or string [N].

    Returns:
      int64, float64 or timestamp[us, UTC] [N], null where missing; else string [N], all of it
      null where every text says a missing number, or binary where a text is no UTF-8.
    """
    try:
        texts = texts.cast(pa.string())
    except pa.ArrowInvalid:
        return texts
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(distinct))
    known = distinct.filter(pc.invert(pc.is_in(plain, value_set=pa.array(MISSING))))
    if not len(known):
        return pa.nulls(len(texts), pa.string())
    # Most columns of texts show it at once, and others may have a value a row.
    kind = _kind(known) if _may_be_known(known) else None
    return texts if kind is None else _read(distinct, kind).take(encoded.indices)


def _may_be_known(texts: pa.Array) -> bool:
    first = texts.slice(0, _LOOKED_AT_FIRST).to_pylist()
    return all(_REAL.fullmatch(text) for text in first) or _are_times(first)


def _kind(texts: pa.Array) -> str | None:
    """The kind of distinct texts that are all there."""
    values = texts.to_pylist()
    if all(_INTEGER.fullmatch(text) for text in values):
        return "int" if all(_INT64.min <= int(text) <= _INT64.max for text in values) else None
    if _are_reals(values):
        return "float"
    is_time = _are_times(values) and parse_numbers(texts, "int", _TICKS)[1] is None
    return "time" if is_time else None


def _are_reals(texts: Sequence[str]) -> bool:
    if not all(_REAL.fullmatch(text) for text in texts):
        return False
    with_point = [text for text in texts if "." in text]
    if not with_point or not all(math.isfinite(float(text)) for text in texts):
        return False
    # A double can't tell long integers apart.
    if any(len(text) >= _DOUBLES_DIGITS and _INTEGER.fullmatch(text) for text in texts):
        return False
    # Whole numbers may be written with and without `.0`.
    parts = [text for text in with_point if text.rstrip("0")[-1] != "."]
    return len({text.rstrip("0") for text in parts}) == len(parts)


def _are_times(texts: Sequence[str]) -> bool:
    return all(ISO_8601.fullmatch(text.strip().upper()) for text in texts)


def _read(texts: pa.Array, kind: str) -> pa.Array:
    if kind == "time":
        return parse_numbers(texts, "int", _TICKS)[0].cast(pa.timestamp("us", "UTC"))
    numbers = parse_numbers(texts, "int" if kind == "int" else "float")[0]
    # "nan" is a missing number, not one that is none.
    return numbers if kind == "int" else pc.if_else(pc.is_nan(numbers), None, numbers)
