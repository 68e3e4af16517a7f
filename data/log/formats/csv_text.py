"""The text of a CSV file as UTF-8, whatever its encoding, plain or gzip."""

from __future__ import annotations

import codecs
import io
from typing import Any

import pyarrow as pa

from data.log.formats.csv_layout import UTF8_BOM, CsvLayout
from data.log.formats.csv_quotes import CsvQuotes
from data.log.formats.streams import open_stream


class CsvText(io.RawIOBase):
    """A CSV file's text without a byte order mark; follows the quotes that were read.

    Bytes of a UTF-8 file are passed on as they are: values are checked one by one.

    Attributes:
      quotes: of what was read so far.
    """

    def __init__(self, path: str, layout: CsvLayout) -> None:
        """Opens a local or remote file that is written as `layout` says."""
        stream = open_stream(path)
        self._stream = pa.CompressedInputStream(stream, "gzip") if layout.gzip else stream
        self._decoder = (
            None
            if layout.encoding == "utf-8"
            else codecs.getincrementaldecoder(layout.encoding)("strict")
        )
        self.quotes = CsvQuotes(layout.delimiter)
        self._is_start = True
        self._waiting = b""

    def readable(self) -> bool:  # noqa: D102
        return True

    def read(self, size: int = -1) -> bytes:
        """Reads up to `size` bytes; all, where it is negative.

        Raises:
          UnicodeError: the text is not in the encoding that its byte order mark says.
        """
        content = self._next(size)
        if content:
            self.quotes.feed(content)
        elif size:
            self.quotes.end()
        return content

    def readinto(self, buffer: Any) -> int:  # noqa: D102
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:  # noqa: D102
        self._stream.close()
        super().close()

    def _next(self, size: int) -> bytes:
        """Reads at most `size` bytes, for Arrow has room for no more."""
        if self._decoder is None and not self._is_start and not self._waiting:
            return bytes(self._stream.read(size if size >= 0 else None))
        while not self._waiting or (self._is_start and len(self._waiting) < len(UTF8_BOM)):
            # One letter of two bytes may become three.
            block = self._stream.read(max(size, 1 << 12) if size >= 0 else None)
            self._waiting += self._decoded(block)
            if not block:
                break
        if self._is_start:
            self._waiting = self._waiting.removeprefix(UTF8_BOM)
            self._is_start = False
        end = size if size >= 0 else len(self._waiting)
        content, self._waiting = self._waiting[:end], self._waiting[end:]
        return content

    def _decoded(self, block: bytes) -> bytes:
        if self._decoder is None:
            return block
        return self._decoder.decode(block, final=not block).encode()
