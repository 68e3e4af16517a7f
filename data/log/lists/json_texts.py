"""JSON lists of plain values in text, cut into values by passes over the bytes of a column.

A JSON parser stops at the first text that is none, and gives a column one type of value. Here
each row is refused by itself, and values stay texts, which are cast as those of any other file.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.lists import list_array
from data.log.casting.values import Broken, without
from data.log.lists.json_values import as_texts, unescaped
from schemas.column_type import ColumnType

_OTHER, _SPACE, _OPEN, _CLOSE, _COMMA, _BRACE, _QUOTE, _STRING = range(8)
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b" \t\r\n")] = _SPACE
_KINDS[list(b"[],{}")] = _OPEN, _CLOSE, _COMMA, _BRACE, _BRACE
_BACKSLASH = ord("\\")


def split_json(texts: pa.Array, kind: ColumnType) -> tuple[pa.Array, Broken]:
    """Splits JSON lists.

    Args:
      texts: binary [N].
      kind: the contract's type of the values: in a column of texts whole numbers become texts,
        as in any other file (`3`, also of `3.0`).

    Returns:
      Lists [N] of binary, null where a text is missing, blank, `null` or `[]`, or unusable; and
      the unusable: `no_list` (no JSON list), `nested_list`, `no_text` (a fraction in a list of
      texts).
    """
    texts = _no_nulls(texts)
    blank = pc.is_in(
        pc.ascii_lower(pc.ascii_trim_whitespace(texts.view(pa.string()))),
        value_set=pa.array(["", "null", "nan"]),
    )
    texts = _emptied(texts, blank.to_numpy(zero_copy_only=False))
    broken: Broken = {}
    while True:
        scan = _Scan(texts)
        found, wrong = scan.values(kind) if not scan.wrong else (None, scan.wrong)
        for reason, rows in wrong.items():
            broken[reason] = broken.get(reason, False) | rows
            texts = _emptied(texts, rows)
        # What a row opens and does not close would be read into the rows after it.
        if found is not None and not wrong:
            return found, broken


class _Scan:
    """Where the values of all rows are.

    Attributes:
      wrong: reason -> bool [N], rows that are no flat JSON list; while there are any, the others
        may be misread.
    """

    def __init__(self, texts: pa.Array) -> None:
        self._rows = len(texts)
        offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
        data = texts.buffers()[2]
        self._data = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]]
        self._starts, self._ends = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
        self._quotes = np.flatnonzero(self._data == ord('"'))
        backslashes = np.flatnonzero(self._data == _BACKSLASH)
        self._escapes = len(backslashes) > 0
        if self._escapes:
            escaped = _escaped(self._quotes, backslashes, self._ends)
            self._quotes = self._quotes[~escaped]
        self.wrong: Broken = {}
        odd = (self._in_rows(self._quotes) & 1).astype(bool)
        if odd.any():
            self.wrong["no_list"] = odd
            return
        self._kinds = _KINDS[self._data]
        if len(self._quotes):
            is_quote = np.zeros(len(self._data), np.uint8)
            is_quote[self._quotes] = 1
            self._kinds[np.bitwise_xor.accumulate(is_quote).view(bool)] = _STRING
            self._kinds[self._quotes] = _QUOTE
        self._check_brackets()

    def _in_rows(self, positions: np.ndarray) -> np.ndarray:
        """How many of these ascending positions are in each row, int64 [N]."""
        return _between(positions, self._starts, self._ends)

    def _check_brackets(self) -> None:
        opens, closes, braces = (
            self._in_rows(np.flatnonzero(self._kinds == kind)) for kind in (_OPEN, _CLOSE, _BRACE)
        )
        there = self._ends > self._starts
        starts, ends = self._trimmed(self._starts[there], self._ends[there])
        in_brackets = np.zeros(self._rows, bool)
        in_brackets[there] = (self._kinds[starts] == _OPEN) & (self._kinds[ends - 1] == _CLOSE)
        nested = in_brackets & ((opens > 1) | (braces > 0))
        no_list = there & ~nested & ~(in_brackets & (opens == 1) & (closes == 1))
        for reason, rows in (("nested_list", nested), ("no_list", no_list)):
            if rows.any():
                self.wrong[reason] = rows

    def _trimmed(self, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ranges of bytes without the blanks at both ends; a blank range is an empty one."""
        starts, ends = starts.copy(), ends.copy()
        at = np.flatnonzero(starts < ends)
        while len(at := at[self._kinds[starts[at]] == _SPACE]):
            starts[at] += 1
            at = at[starts[at] < ends[at]]
        at = np.flatnonzero(starts < ends)
        while len(at := at[self._kinds[ends[at] - 1] == _SPACE]):
            ends[at] -= 1
        return starts, ends

    def values(self, kind: ColumnType) -> tuple[pa.Array, Broken]:
        """Returns lists of binary [N], and reason -> bool [N]; not if rows are `wrong`."""
        kinds = self._kinds
        starts = np.flatnonzero((kinds == _OPEN) | (kinds == _COMMA)) + 1
        ends = np.flatnonzero((kinds == _COMMA) | (kinds == _CLOSE))
        lengths = self._in_rows(starts - 1)
        rows = np.repeat(np.arange(self._rows), lengths)
        starts, ends = self._trimmed(starts, ends)
        blank = starts == ends
        if blank.any():
            empty = blank & (lengths[rows] == 1)
            lengths[rows[empty]] = 0
            starts, ends, rows, blank = (x[~empty] for x in (starts, ends, rows, blank))
            if blank.any():
                return pa.nulls(self._rows), {"no_list": _any(blank, rows, self._rows)}
        quotes = _between(self._quotes, starts, ends)
        is_string = (quotes == 2) & (kinds[starts] == _QUOTE) & (kinds[ends - 1] == _QUOTE)
        blanks = _between(np.flatnonzero(kinds == _SPACE), starts, ends)
        wrong = {"no_list": ~is_string & ((quotes > 0) | (blanks > 0))}
        values = self._cut(starts + is_string, ends - is_string)
        if self._escapes:
            values, bad = unescaped(values, is_string)
            wrong["no_list"] |= bad
        if kind == "bytes":
            values, unusable = as_texts(values, ~is_string)
            wrong |= {name: wrong.get(name, False) | which for name, which in unusable.items()}
        found = {name: _any(which, rows, self._rows) for name, which in wrong.items()}
        return list_array(lengths, lengths == 0, values), {
            name: which for name, which in found.items() if which.any()
        }

    def _cut(self, starts: np.ndarray, ends: np.ndarray) -> pa.Array:
        """Binary of the bytes from each of `starts` to its end, which overlap nowhere."""
        steps = np.zeros(len(self._data) + 1, np.int8)
        steps[starts] += 1
        steps[ends] -= 1
        kept = self._data[np.cumsum(steps[:-1], dtype=np.int8).astype(bool)]
        offsets = np.zeros(len(starts) + 1, np.int32)
        np.cumsum(ends - starts, out=offsets[1:])
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(kept)]
        return pa.Array.from_buffers(pa.binary(), len(starts), buffers)


def _escaped(quotes: np.ndarray, backslashes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Bool [Q]: the quotes behind an odd number of backslashes of their own row.

    Args:
      quotes: positions [Q], ascending.
      backslashes: positions [B], ascending, B > 0.
      ends: of the rows.
    """
    row = np.searchsorted(ends, backslashes, "right")
    goes_on = (np.diff(backslashes, prepend=-2) == 1) & (np.diff(row, prepend=-1) == 0)
    first = np.maximum.accumulate(np.where(goes_on, 0, backslashes))
    before = np.searchsorted(backslashes, quotes) - 1
    last = backslashes[before]
    is_behind = (before >= 0) & (last == quotes - 1)
    is_behind &= row[before] == np.searchsorted(ends, quotes, "right")
    return is_behind & ((last - first[before]) % 2 == 0)


def _between(positions: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How many of ascending `positions` lie in each range of bytes, int64."""
    if not len(positions):
        return np.zeros(len(starts), np.int64)
    return np.searchsorted(positions, ends) - np.searchsorted(positions, starts)


def _any(which: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    found = np.zeros(count, bool)
    found[rows[which]] = True
    return found


def _no_nulls(texts: pa.Array) -> pa.Array:
    return texts.fill_null(b"") if texts.null_count else texts


def _emptied(texts: pa.Array, rows: np.ndarray) -> pa.Array:
    return _no_nulls(without(texts, pa.array(rows))) if rows.any() else texts
