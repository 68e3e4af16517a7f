"""Single values of JSON lists: strings without their escapes, numbers as texts."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.text_numbers import parse_numbers
from data.log.casting.values import Broken, without

_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_WHOLE = r"^(0|-?[1-9][0-9]*)$"


def unescaped(values: pa.Array, is_string: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Strings without JSON's escapes, and bool [V] where one is none of JSON's."""
    escaped = is_string & pc.match_substring(values, "\\").to_numpy(zero_copy_only=False)
    encoded = values.filter(pa.array(escaped)).dictionary_encode()
    plain = [_plain(value) for value in encoded.dictionary.to_pylist()]
    bad = np.zeros(len(values), bool)
    indices = encoded.indices.to_numpy(zero_copy_only=False)
    bad[escaped] = np.array([text is None for text in plain], bool)[indices]
    found = pa.array([text or b"" for text in plain], pa.binary()).take(encoded.indices)
    return pc.replace_with_mask(values, pa.array(escaped), found), bad


def _plain(value: bytes) -> bytes | None:
    """The text of a JSON string; None where it is none. Line ends may stand in it."""
    try:
        return str(json.loads(b'"' + value + b'"', strict=False)).encode()
    except ValueError:
        return None


def as_texts(values: pa.Array, bare: np.ndarray) -> tuple[pa.Array, Broken]:
    """Numbers as texts, null as missing; and bool [V] where a bare value is neither."""
    tokens = values.filter(pa.array(bare))
    if pc.all(pc.match_substring_regex(tokens, _WHOLE)).as_py() is not False:
        return values, {}
    wrong: Broken = {}
    texts = tokens.view(pa.string())
    missing = pc.is_in(pc.ascii_lower(texts), value_set=pa.array(["null", "nan"]))
    number = pc.match_substring_regex(texts, _NUMBER)
    known = pc.or_(number, pc.is_in(texts, value_set=pa.array(["true", "false"])))
    whole = pc.match_substring_regex(texts, _WHOLE)
    rest = pc.and_(known, pc.invert(whole))
    others, fractions = parse_numbers(tokens.filter(rest), "int")
    found = pc.replace_with_mask(tokens, rest, others.cast(pa.string()).cast(pa.binary()))
    found = without(found, missing)
    wrong["no_list"] = _spread(pc.invert(pc.or_(known, missing)), bare)
    if fractions is not None:
        wrong["no_text"] = np.zeros(len(values), bool)
        wrong["no_text"][np.flatnonzero(bare)[rest.to_numpy(zero_copy_only=False)]] = fractions
    return pc.replace_with_mask(values, pa.array(bare), found), wrong


def _spread(which: pa.Array, among: np.ndarray) -> np.ndarray:
    found = np.zeros(len(among), bool)
    found[among] = which.to_numpy(zero_copy_only=False)
    return found
