"""CSV with a header, commas and RFC 4180 quotes, plain or gzip: text, in one row group."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from common.errors import BadDataError
from data.log.formats.csv_quotes import CsvQuotes
from data.log.formats.reader import BATCH_ROWS
from data.log.formats.streams import open_stream

_BLOCK_BYTES = 1 << 24
"""The longest row that can be read."""

_BOM = b"\xef\xbb\xbf"
_ERRORS = (pa.ArrowException, OSError, UnicodeError, csv.Error)


class CsvFile:
    """A `LogReader` of a CSV file; every column is binary, an empty unquoted field is null.

    Rows are counted without the header and without blank lines, which are skipped.
    """

    untyped = True
    groups = 1

    def __init__(self, path: str, source: str) -> None:
        """Reads the header.

        Raises:
          BadDataError: there is none, or it is no text; `source` names the file.
        """
        self._path = path
        self._source = source
        try:
            with io.TextIOWrapper(
                io.BufferedReader(_QuotedText(path)), "utf-8-sig", "surrogateescape", newline=""
            ) as text:
                # Arrow skips blank lines, before the header too.
                header = next(filter(None, csv.reader(text)), None)
                self.is_empty = not text.read(1)
            # The rows' text is checked value by value.
            names = "".join(header or [])
            if "\0" in names:
                raise csv.Error("line contains NUL")  # Python's own words before 3.11.
            names.encode()
        except _ERRORS as error:
            raise self._unreadable(error) from None
        if header is None:
            raise BadDataError(f"{source} is empty: it has no header; write the file anew")
        self.schema = pa.schema([(name, pa.binary()) for name in header])

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """See `LogReader.batches`."""
        del group
        if self.is_empty:
            return
        file = _QuotedText(self._path)
        broken: list[Any] = []
        try:
            for block in self._blocks(file, columns, broken):
                for first in range(0, block.num_rows, batch_rows):
                    yield block.slice(first, batch_rows)
        except _ERRORS as error:
            raise self._broken_row(broken[0]) if broken else self._unreadable(error) from None
        # Arrow takes such values, and all between two quotes, without a word.
        if file.quotes.text_after is not None:
            line, text = file.quotes.text_after
            raise BadDataError(
                f"{self._source}, line {line:,}: a quoted value goes on after its closing quote: "
                f"{text!r}. Double the quotes inside a value, close every other, and write the "
                "file anew"
            )
        if file.quotes.is_open:
            raise BadDataError(
                f'{self._source}, line {file.quotes.opened:,}: the quote (") that opens a value '
                "is not closed. Double the quotes inside a value, and write the file anew"
            )

    def take(self, group: int, rows: np.ndarray) -> pa.Table:
        """See `LogReader.take`; columns are string, binary where a value is no UTF-8."""
        found, first = [], 0
        for batch in self.batches(group, self.schema.names):
            start, end = np.searchsorted(rows, [first, first + batch.num_rows])
            found.append(batch.take(pa.array(rows[start:end] - first)))
            first += batch.num_rows
        table = pa.Table.from_batches(found)
        return pa.table([_as_text(column) for column in table.columns], table.schema.names)

    def _blocks(self, file: _QuotedText, columns: Sequence[str], broken: list[Any]) -> Any:
        def stop(row: Any) -> str:
            broken.append(row)  # What is raised here would not reach the caller.
            return "error"

        return pyarrow.csv.open_csv(
            pa.PythonFile(file, mode="r"),
            # Only a single thread tells the number of a broken row.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=stop
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.schema.names, pa.binary()),
                include_columns=list(columns),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )

    def _broken_row(self, row: Any) -> BadDataError:
        # Arrow counts the header as row 1.
        return BadDataError(
            f"{self._source}, row {row.number - 2}: {row.actual_columns} fields, but the header "
            f"has {row.expected_columns}: {row.text[:200]!r}. Quote values that hold a comma "
            "or a quote, and write the file anew"
        )

    def _unreadable(self, error: Exception) -> BadDataError:
        hint = "write it anew, as UTF-8 with a header, commas and closed quotes"
        if "straddling" in str(error):
            hint = f"a row is longer than {_BLOCK_BYTES:,} bytes: is a quote not closed?"
        return BadDataError(f"{self._source} can't be read as CSV ({error}); {hint}")


class _QuotedText(io.RawIOBase):
    """The text of a CSV file, plain or gzip; follows the quotes that were read."""

    def __init__(self, path: str) -> None:
        stream = open_stream(path)
        is_gzip = path.endswith(".gz")
        self._stream = pa.CompressedInputStream(stream, "gzip") if is_gzip else stream
        self.quotes = CsvQuotes()
        self._is_start = True

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size if size >= 0 else None)
        if content:
            self.quotes.feed(content.removeprefix(_BOM) if self._is_start else content)
            self._is_start = False
        else:
            self.quotes.end()
        return content

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return column
