"""Parquet: row groups as the file has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import BadDataError
from data.log.formats.reader import BATCH_ROWS
from data.log.formats.streams import open_stream


class ParquetFile:
    """A `LogReader` of a Parquet file."""

    untyped = False

    def __init__(self, path: str, source: str) -> None:
        """Reads the footer.

        Raises:
          BadDataError: it is no Parquet file; `source` names it.
        """
        self._source = source
        try:
            self._file = pq.ParquetFile(open_stream(path))
        except (pa.ArrowException, OSError) as error:
            raise BadDataError(
                f"{source} can't be read as Parquet; write it anew ({error})"
            ) from None
        self.schema = self._file.schema_arrow
        self.groups = self._file.metadata.num_row_groups
        self.is_empty = self._file.metadata.num_rows == 0

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """See `LogReader.batches`."""
        with self._reading(group):
            yield from self._file.iter_batches(batch_rows, [group], list(columns))

    def take(self, group: int, rows: np.ndarray) -> pa.Table:
        """See `LogReader.take`."""
        with self._reading(group):
            return self._file.read_row_group(group).take(pa.array(rows))

    @contextlib.contextmanager
    def _reading(self, group: int) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise BadDataError(
                f"{self._source}, row group {group} can't be read: {error}. Write the file anew"
            ) from None
