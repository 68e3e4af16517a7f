"""Follows the quotes of a CSV file as Arrow reads them, on whole blocks of bytes."""

from __future__ import annotations

import numpy as np

_QUOTE, _NEWLINE = ord('"'), ord("\n")
_MOST_SHOWN = 40


class CsvQuotes:
    """Knows after every block whether a quoted value is open.

    A quote opens a value only at its start; elsewhere in an unquoted value it is a character
    (`5" tv`). In a quoted value two quotes are one character, and one closes it. So of each run
    of adjacent quotes only two things count: an even run changes nothing, and an odd one at a
    value's start opens or closes, and elsewhere always ends with the value closed.

    Attributes:
      is_open: True within a quoted value.
      opened: line, from 1, of the quote that opened the value that is open.
      text_after: line and text of the first value that goes on after its closing quote, or None.
    """

    def __init__(self, delimiter: str = ",") -> None:
        """Starts before the first byte; `delimiter` is one ASCII character between values."""
        # Byte -> True where a value ends before it.
        self._is_end = np.isin(np.arange(256), list(f"{delimiter}\r\n".encode()))
        self.is_open = False
        self.opened = 0
        self.text_after: tuple[int, str] | None = None
        self._line = 1
        self._before = b"\n"
        self._pending = b""

    def feed(self, block: bytes) -> None:
        """Reads the next bytes of the file."""
        block = self._pending + block if self._pending else block
        # A run of quotes may go on in the next block, and what follows it is there.
        body = block.rstrip(b'"')
        self._pending = block[len(body) :]
        if body:
            self._follow(body)

    def end(self) -> None:
        """Reads the end of the file."""
        self._follow(self._pending + b"\n")
        self._pending = b""

    def _follow(self, body: bytes) -> None:
        """Reads bytes that end with no quote."""
        codes = np.frombuffer(self._before + body, np.uint8)
        at = np.flatnonzero(codes == _QUOTE)
        if len(at):
            self._follow_quotes(codes, at)
        self._line += body.count(b"\n")
        self._before = body[-1:]

    def _follow_quotes(self, codes: np.ndarray, at: np.ndarray) -> None:
        new = np.flatnonzero(np.diff(at, prepend=-1) > 1)
        first, length = at[new], np.diff(new, append=len(at))
        odd = length % 2 == 1
        starts = self._is_end[codes[first - 1]]
        # After a run: open if an odd number of flips came since the last run that surely closed.
        flips = np.cumsum(odd & starts) + self.is_open
        closed = np.maximum.accumulate(np.where(odd & ~starts, np.arange(len(first)), -1))
        is_open = (flips - np.where(closed >= 0, flips[closed], 0)) % 2 == 1
        was_open = np.concatenate([[self.is_open], is_open[:-1]])

        ended = ~is_open & (was_open | (starts & ~odd))
        goes_on = ended & ~self._is_end[codes[first + length]]
        if self.text_after is None and goes_on.any():
            run = int(np.flatnonzero(goes_on)[0])
            shown = codes[first[run] : first[run] + length[run] + _MOST_SHOWN].tobytes()
            text = shown.decode("utf-8", "replace").splitlines()[0]
            self.text_after = (self._line_of(codes, first[run]), text)
        opens = np.flatnonzero(is_open & ~was_open)
        if is_open[-1] and len(opens):
            self.opened = self._line_of(codes, first[opens[-1]])
        self.is_open = bool(is_open[-1])

    def _line_of(self, codes: np.ndarray, position: int) -> int:
        # The first code is the last of the block before, whose line is counted already.
        return self._line + int(np.count_nonzero(codes[1:position] == _NEWLINE))
