"""What a column of texts holds: the rule by which its texts are read, for who has no contract."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.text_numbers import BOOLEANS, ISO_8601, MISSING, parse_numbers

_TICKS = 1_000_000
_LOOKED_AT_FIRST = 1_000
_LONG_INTEGER = re.compile(r"[+-]?\d{17,}")


def narrowest(texts: pa.Array) -> pa.Array:
    """Reads texts as numbers or times where all of them are.

    By the rule of `text_numbers`, so that what is found here is what a contract's column of
    that type is given. Integers that int64 can't hold stay text: they are ids.

    Args:
      texts: binary or string [N].

    Returns:
      bool, int64, float64 or timestamp[us, UTC] [N], null where missing; else string [N], or
      binary where a text is no UTF-8.
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
        return texts
    # Most columns of texts show it at once, and others may have a value a row.
    kind = _kind(known.slice(0, _LOOKED_AT_FIRST)) and _kind(known)
    return texts if kind is None else _read(distinct, plain, kind).take(encoded.indices)


def _kind(texts: pa.Array) -> str | None:
    """The kind of distinct texts that are all there."""
    plain = [text.strip().lower() for text in texts.to_pylist()]
    if all(text in BOOLEANS for text in plain):
        return "bool"
    if parse_numbers(texts, "int")[1] is None:
        return "int"
    if parse_numbers(texts, "float")[1] is None:
        return None if any(_LONG_INTEGER.fullmatch(text) for text in plain) else "float"
    times = all(ISO_8601.fullmatch(text.upper()) for text in plain)
    return "time" if times and parse_numbers(texts, "int", _TICKS)[1] is None else None


def _read(texts: pa.Array, plain: pa.Array, kind: str) -> pa.Array:
    if kind == "bool":
        missing = pc.is_in(plain, value_set=pa.array(MISSING)).to_numpy(zero_copy_only=False)
        return pa.array(np.array([text == "true" for text in plain.to_pylist()]), mask=missing)
    if kind == "time":
        return parse_numbers(texts, "int", _TICKS)[0].cast(pa.timestamp("us", "UTC"))
    numbers = parse_numbers(texts, "int" if kind == "int" else "float")[0]
    # "nan" is a missing number, not one that is none.
    return numbers if kind == "int" else pc.if_else(pc.is_nan(numbers), None, numbers)
