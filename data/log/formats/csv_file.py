"""CSV with a header and RFC 4180 quotes: text, in one row group.

Values may be separated by commas, semicolons, tabs or |, the text UTF-8 or marked UTF-16, the file
plain or gzip: `csv_layout` finds out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from common.errors import BadDataError
from data.log.formats.csv_layout import DELIMITERS, find_layout
from data.log.formats.csv_text import CsvText
from data.log.formats.reader import BATCH_ROWS

_BLOCK_BYTES = 1 << 24
"""The longest row that can be read."""

_HELD = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a |"}
_OTHER_DELIMITERS = ":^~ \x01\x1f"
_COMPARED = 1 << 16
_ERRORS = (pa.ArrowException, OSError, UnicodeError, csv.Error)


class CsvFile:
    """A `LogReader` of a CSV file; every column is binary, an empty unquoted field is null.

    Rows are counted without the header and without blank lines, which are skipped. A file without
    a header has no row.
    """

    untyped = True
    groups = 1

    def __init__(self, path: str, source: str) -> None:
        """Reads the header.

        Raises:
          BadDataError: it is no text; `source` names the file.
        """
        self._path = path
        self._source = source
        try:
            self._layout = find_layout(path, source)
            with io.TextIOWrapper(
                io.BufferedReader(CsvText(path, self._layout)),
                "utf-8",
                "surrogateescape",
                newline="",
            ) as text:
                # Arrow skips blank lines, before the header too.
                rows = csv.reader(text, delimiter=self._layout.delimiter)
                header = next(filter(None, rows), [])
                if "\0" in "".join(header):
                    raise csv.Error("line contains NUL")  # Python's own words before 3.11.
                # The rows' text is checked value by value.
                second = text.readline(_COMPARED) if len(header) == 1 else ""
                self.is_empty = not second.strip("\r\n") and not _has_more(text)
        except _ERRORS as error:
            raise self._unreadable(error) from None
        self._check_header(header, second)
        self.notes = self._layout.notes
        self.schema = pa.schema([(name, pa.binary()) for name in header])

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """See `LogReader.batches`."""
        del group
        if self.is_empty:
            return
        file = CsvText(self._path, self._layout)
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
                "file again"
            )
        if file.quotes.is_open:
            raise BadDataError(
                f'{self._source}, line {file.quotes.opened:,}: the quote (") that opens a value '
                "is not closed. Double the quotes inside a value, and write the file again"
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

    def _blocks(self, file: CsvText, columns: Sequence[str], broken: list[Any]) -> Any:
        def stop(row: Any) -> str:
            broken.append(row)  # What is raised here would not reach the caller.
            return "error"

        return pyarrow.csv.open_csv(
            pa.PythonFile(file, mode="r"),
            # Only a single thread tells the number of a broken row.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self._layout.delimiter,
                newlines_in_values=True,
                invalid_row_handler=stop,
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
            f"has {row.expected_columns}: {row.text[:200]!r}. Quote values that hold "
            f"{_HELD[self._layout.delimiter]} or a quote, and write the file again"
        )

    def _check_header(self, header: list[str], second: str) -> None:
        """Raises BadDataError where the first line is no header of this format."""
        if header and header[0].lower().startswith("sep=") and len(header[0]) <= len("sep=;"):
            raise BadDataError(
                f"{self._source}: its first line, {header[0]!r}, is for Excel; delete it, so that "
                "the names of the columns come first"
            )
        for number, name in enumerate(header, start=1):
            try:
                name.encode()
            except UnicodeError:
                shown = name.encode("utf-8", "surrogateescape")
                raise BadDataError(
                    f"{self._source}, header, column {number}: the name {shown!r} is not UTF-8; if "
                    f"it is Latin-1: iconv -f LATIN1 -t UTF-8 {self._source} > NEW.csv"
                ) from None
        # A name may hold a blank; what separates values is in both lines.
        if len(header) == 1 and set(header[0]) & set(second) & set(_OTHER_DELIMITERS):
            raise BadDataError(
                f"{self._source} has one column, {header[0][:200]!r}: if another character "
                f"separates its values, write it with one of {', '.join(DELIMITERS.values())}"
            )

    def _unreadable(self, error: Exception) -> BadDataError:
        if "contains NUL" in str(error):
            return BadDataError(
                f"{self._source} is no CSV file: its header holds NUL bytes; write it as text in "
                "UTF-8"
            )
        hint = "write it again, as UTF-8 with a header and closed quotes"
        if _is_damage(error):
            hint = "its compressed data is damaged or ends early: deliver it again"
        if "straddling" in str(error):
            hint = f"a row is longer than {_BLOCK_BYTES:,} bytes: is a quote not closed?"
        return BadDataError(f"{self._source} can't be read as CSV ({error}); {hint}")


def _is_damage(error: Exception) -> bool:
    """True for what Arrow says of a gzip file that ends early or holds wrong bytes."""
    return any(word in str(error) for word in ("compressed", "zlib", "inflate"))


def _has_more(text: io.TextIOWrapper) -> bool:
    """Says whether anything but line ends follows."""
    return any(letter not in "\r\n" for letter in iter(lambda: text.read(1), ""))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        return column
