"""Lists that a file holds as text: JSON, or values with something between them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pyarrow as pa

from data.inference.sampling.profile import Profile

_LOOKED_AT = 2_000
_LEAST_SHARE = 0.1
_OPENS = {"[": ("]", "list"), "{": ("}", "object"), "(": (")", "list")}
_NUMBERS = re.compile(r"[+-]?\d+(?:\.\d+)?")
_WORD = re.compile(r"[\w.+-]+")
_GROUPED_DIGITS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def list_in_text(column: Profile) -> str | None:
    """Says what kind of list the texts of a column are, or None where they are none.

    Found are JSON (and Python's own writing) in nearly every text, and lists joined by `|` or
    `;`, by commas where the values have no blanks, or by blanks where they are numbers. That a
    list is one shows in its length, which varies, or in values that occur at several places of
    it; an address such as `de|shop` has neither.
    """
    if column.values.type != pa.string():
        return None
    texts = [text.strip() for text in column.texts[:_LOOKED_AT] if text.strip()]
    if not texts:
        return None
    for opening, (closing, what) in _OPENS.items():
        if all(text[0] == opening and text[-1] == closing for text in texts):
            return f"{_article(what)} in text, {_writing(texts)}" if len(texts) > 1 else None
    return next(
        (
            f"a list in text, joined by {_shown(separator)}"
            for separator in ("|", ";", ",", " ")
            if _joined(texts, separator)
        ),
        None,
    )


def _article(what: str) -> str:
    return f"an {what}" if what == "object" else f"a {what}"


def _shown(separator: str) -> str:
    return "blanks" if separator == " " else f"'{separator}'"


def _writing(texts: Sequence[str]) -> str:
    try:
        for text in texts:
            json.loads(text)
    except ValueError:
        return f"such as {texts[0][:60]}"
    return "as JSON"


def _joined(texts: Sequence[str], separator: str) -> bool:
    parts = [text.strip(separator).split(separator) for text in texts]
    several = [values for values in parts if len(values) > 1]
    if len(several) < 2 or len(several) < _LEAST_SHARE * len(texts):
        return False
    values = [value.strip() for listed in several for value in listed]
    if separator == " " and not all(_NUMBERS.fullmatch(value) for value in values):
        return False
    if separator == "," and not all(_WORD.fullmatch(value) for value in values):
        return False
    # A decimal comma makes two values, commas between thousands more.
    grouped = all(_GROUPED_DIGITS.fullmatch(text) for text in texts if "," in text)
    if separator == "," and (grouped or max(map(len, several)) < 3):
        return False
    if separator == ";" and any("(" in text for text in texts):
        return False  # A browser's name.
    places: dict[str, set[int]] = {}
    for listed in several:
        for place, value in enumerate(listed):
            places.setdefault(value.strip(), set()).add(place)
    return len(set(map(len, several))) > 1 or any(len(found) > 1 for found in places.values())
