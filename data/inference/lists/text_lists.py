"""Lists that a file holds as text: JSON, or values with something between them."""

from __future__ import annotations

import collections
import json
import re
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from data.inference.sampling.profile import Profile
from schemas.treatments import Text

_LOOKED_AT = 2_000
_OPENS = {"[": ("]", "list"), "{": ("}", "object"), "(": (")", "list")}
_SEPARATORS: dict[str, Text] = {
    "|": "pipe",
    "\t": "tab",
    ";": "semicolon",
    ",": "comma",
    " ": "space",
}
_LEAST_SHARE = {"|": 0.1, "\t": 0.1, ";": 0.3, ",": 0.3, " ": 0.3}
"""Of the rows: a comma in some texts is one of their marks."""

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ID = re.compile(r"[A-Za-z]{0,3}[-_]?(?:0|[1-9]\d*)")
_WORD = re.compile(r"[\w.+-]+")
_GROUPED_DIGITS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_LEAST_REPEATS = 1.5
_SHORTEST_VECTOR = 4


class ListInText(NamedTuple):
    """How the texts of a column hold lists.

    Attributes:
      said: for people.
      how: as a schema's tags say it; None for what the pipeline's reader does not split.
      why: the evidence, for people; empty for JSON, which shows.
    """

    said: str
    how: Text | None = None
    why: str = ""


def list_in_text(column: Profile) -> ListInText | None:
    """Says how the texts of a column hold lists, or None where they are none.

    Found are JSON (and Python's own writing) in nearly every text, and lists joined by `|`, tabs
    or `;`, by commas where the values have no blanks, or by blanks where they are numbers. That a
    list is one shows in its length, which varies, or in values that occur at several places of
    it; an address such as `de|shop` has neither. And its values occur in several texts, unless
    they are all ids or numbers: a title with a comma has words of its own.
    """
    if column.values.type != pa.string():
        return None
    found = [
        (text.strip(" \r\n"), int(rows))
        for text, rows in zip(column.texts[:_LOOKED_AT], column.counts[:_LOOKED_AT], strict=True)
        if text.strip()
    ]
    texts = [text for text, _ in found]
    if not texts:
        return None
    for opening, (closing, what) in _OPENS.items():
        if all(text[0] == opening and text[-1] == closing for text in texts):
            return _bracketed(texts, what) if len(texts) > 1 else None
    for separator, how in _SEPARATORS.items():
        why = _joined(texts, [rows for _, rows in found], separator)
        if why:
            return ListInText(f"a list in text, joined by {_shown(separator)}", how, why)
    return None


def _bracketed(texts: Sequence[str], what: str) -> ListInText:
    article = "an" if what == "object" else "a"
    for text in texts:
        try:
            json.loads(text)
        except ValueError:
            return ListInText(f"{article} {what} in text, such as {text[:60]}")
    return ListInText(f"{article} {what} in text, as JSON", "json" if what == "list" else None)


def _shown(separator: str) -> str:
    return {" ": "blanks", "\t": "tabs"}.get(separator, f"'{separator}'")


def _joined(texts: Sequence[str], rows: Sequence[int], separator: str) -> str:
    """Why texts, each of so many rows, are lists with a separator; empty where they are not."""
    parts = [[value.strip() for value in text.strip(separator).split(separator)] for text in texts]
    several = [values for values in parts if len(values) > 1]
    with_it = sum(count for values, count in zip(parts, rows, strict=True) if len(values) > 1)
    share = with_it / sum(rows)
    if len(several) < 2 or share < _LEAST_SHARE[separator]:
        return ""
    counts = collections.Counter(value for listed in several for value in listed)
    if not _may_be_values(counts, several, texts, separator):
        return ""
    lengths = set(map(len, several))
    said = f"{share:.0%} of the texts have several values"
    numbers = all(_NUMBER.fullmatch(value) for value in counts)
    if numbers and len(lengths) == 1 and min(lengths) >= _SHORTEST_VECTOR:
        return f"{said}, {min(lengths)} numbers each"
    places: dict[str, set[int]] = {}
    for listed in several:
        for place, value in enumerate(listed):
            places.setdefault(value, set()).add(place)
    if len(lengths) == 1 and all(len(found) == 1 for found in places.values()):
        return ""
    distinct = len({value for listed in parts for value in listed})
    ids = numbers or all(_ID.fullmatch(value) for value in counts)
    repeats = sum(counts.values())
    if not ids and (repeats < _LEAST_REPEATS * len(counts) or distinct > len(texts)):
        return ""
    return f"{said}, {distinct:,} distinct ones in {len(texts):,} distinct texts"


def _may_be_values(
    values: collections.Counter[str],
    several: Sequence[Sequence[str]],
    texts: Sequence[str],
    separator: str,
) -> bool:
    """False where a separator is a mark of what it stands in: of a number, or a browser's name."""
    if separator == " ":
        return all(_NUMBER.fullmatch(value) for value in values)
    if separator == ",":
        # A decimal comma makes two values, commas between thousands more.
        grouped = all(_GROUPED_DIGITS.fullmatch(text) for text in texts if "," in text)
        words = all(_WORD.fullmatch(value) for value in values)
        return words and not grouped and max(map(len, several)) >= 3
    return separator != ";" or not any("(" in text for text in texts)
