"""Numbers and times that a file holds as text, parsed a column at a time."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MISSING = ("", "nan", "null")
BOOLEANS = {"true": 1, "false": 0}
_INT64 = np.iinfo(np.int64)
ISO_8601 = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d(?::\d\d(?::\d\d(?:\.(\d+))?)?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def parse_numbers(
    array: pa.Array, kind: Literal["int", "float"], ticks_per_second: int | None = None
) -> tuple[pa.Array, np.ndarray | None]:
    """Parses text to numbers.

    An empty text, `nan` and `null` are missing; `true` and `false` are 1 and 0; an integer
    may be written as `3.0`, as pandas does in columns with gaps.

    Args:
      array: binary or string [N].
      kind: `int`, or `float`.
      ticks_per_second: for a column of times: also ISO 8601 is read (UTC where it has no
        zone), in this unit, later digits cut off (those after the sixth decimal always).

    Returns:
      int64 or float64 [N], null where missing or unusable, and bool [N] where a text is no
      such number; None where all are.
    """
    target = pa.int64() if kind == "int" else pa.float64()
    try:
        text = array.cast(pa.string())
        numbers = text.cast(target)
    except pa.ArrowInvalid:
        pass
    else:
        # Arrow reads 0x10 as 16: what a text is must not hang on its neighbours.
        if kind == "float" or not any(pc.any(pc.match_substring(text, x)).as_py() for x in "xX"):
            return numbers, None
    encoded = array.dictionary_encode()
    texts = [
        text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        for text in encoded.dictionary.to_pylist()
    ]
    parse: Callable[[str], int | float | None] = _integer if kind == "int" else _real
    values: list[int | float | None] = []
    unusable = np.zeros(len(texts) + 1, bool)
    for position, text in enumerate(texts):
        try:
            values.append(parse(text))
        except ValueError:
            ticks = _ticks(text, ticks_per_second) if ticks_per_second else None
            unusable[position] = ticks is None
            values.append(ticks)
    indices = encoded.indices
    at = indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    broken = unusable[at]
    return pa.array(values, target).take(indices), broken if broken.any() else None


def _integer(text: str) -> int | None:
    """Raises ValueError where `text` is no integer that int64 holds."""
    plain = text.strip().lower()
    if plain in MISSING:
        return None
    if plain in BOOLEANS:
        return BOOLEANS[plain]
    if "_" in plain:  # Python's own syntax, which no data uses.
        raise ValueError(text)
    try:
        number = int(plain)
    except ValueError:
        real = float(plain)
        # Beyond 2**53 a double can't tell neighbouring integers apart.
        if not real.is_integer() or abs(real) > 2**53:
            raise
        number = int(real)
    if not _INT64.min <= number <= _INT64.max:
        raise ValueError(text)
    return number


def _real(text: str) -> float | None:
    plain = text.strip().lower()
    if plain in MISSING:
        return None
    if "_" in plain:
        raise ValueError(text)
    return float(BOOLEANS[plain]) if plain in BOOLEANS else float(plain)


def is_number(text: str) -> bool:
    """True for a text that is read as a number, or as a missing one."""
    try:
        _real(text)
    except ValueError:
        return False
    return True


def _ticks(text: str, ticks_per_second: int) -> int | None:
    found = ISO_8601.fullmatch(text.strip().upper())
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    # Python 3.10 reads no other number of digits, and no zone without a colon.
    clock = (clock or "00").partition(".")[0]
    digits = f".{fraction[:6]:0<6}" if fraction else ""
    digits_of_zone = "0000" if zone in (None, "Z") else f"{zone[1:].replace(':', ''):0<4}"
    sign = "-" if zone and zone[0] == "-" else "+"
    offset = f"{sign}{digits_of_zone[:2]}:{digits_of_zone[2:]}"
    try:
        time = datetime.datetime.fromisoformat(f"{day}T{clock}{digits}{offset}")
    except ValueError:  # The 30th of February.
        return None
    microseconds = (time - _EPOCH) // datetime.timedelta(microseconds=1)
    return microseconds * ticks_per_second // 1_000_000
