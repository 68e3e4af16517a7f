"""Batches of a log's files, read and written."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from data.log.formats.reader import LogReader
from data.log.span_writer import ROWS_A_PART

_BATCH_ROWS = 1 << 16


def batches_of(reader: LogReader, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yields all rows of a file with these columns."""
    for group in range(0 if reader.is_empty else reader.groups):
        yield from reader.batches(group, columns, _BATCH_ROWS)


class PartWriter:
    """Writes batches as `part-*.parquet` of about `ROWS_A_PART` rows, in order."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Begins with no part."""
        self._folder = folder
        self._parts = 0
        self._rows = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows to the part, which is begun by their columns."""
        if self._rows >= ROWS_A_PART:
            self.close()
        if self._writer is None:
            path = self._folder / f"part-{self._parts:05d}.parquet"
            # An open file: Arrow would take a path with a blank or a bracket for an address.
            self._file = path.open("wb")
            self._writer = pq.ParquetWriter(self._file, batch.schema, compression="snappy")
        self._writer.write_table(pa.Table.from_batches([batch]))
        self._rows += batch.num_rows

    def close(self) -> None:
        """Ends a part: the next batch may have other columns."""
        if self._writer is not None:
            self._writer.close()
            self._file.close()
            self._writer = None
            self._parts += 1
            self._rows = 0
