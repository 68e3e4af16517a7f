"""Parquet: row groups as the file has them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import BadDataError
from data.log.formats.contents import HEAD_BYTES, foreign
from data.log.formats.reader import BATCH_ROWS, bounded
from data.log.formats.streams import open_stream


class ParquetFile:
    """A `LogReader` of a Parquet file."""

    untyped = False
    notes = ()

    def __init__(self, path: str, source: str) -> None:
        """Reads the footer.

        Raises:
          BadDataError: it is no Parquet file; `source` names it.
        """
        self._source = source
        self.schema = pa.schema([])
        self.groups = 0
        self.is_empty = True
        file = _opened(path, source)
        if file is None:
            return
        self._file = file
        self.schema = file.schema_arrow
        self.groups = file.metadata.num_row_groups
        self.is_empty = file.metadata.num_rows == 0

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """See `LogReader.batches`."""
        with self._reading(group):
            for batch in self._file.iter_batches(batch_rows, [group], list(columns)):
                yield from bounded(batch)

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
                f"{self._source}, row group {group} can't be read: {error}. Write the file again"
            ) from None


def _opened(path: str, source: str) -> pq.ParquetFile | None:
    """Opens a Parquet file; None where it has no bytes, as a writer may leave a part without rows.

    Raises:
      BadDataError: it is no Parquet file; says what it is, where the first bytes tell.
    """
    what = ""
    try:
        with open_stream(path) as file:
            head = file.read(HEAD_BYTES)
        if not head:
            return None
        what = "" if head.startswith(b"PAR1") else foreign(head)
        return pq.ParquetFile(open_stream(path))
    except (pa.ArrowException, OSError) as error:
        advice = f"it is {what}" if what else f"write it again ({error})"
        raise BadDataError(f"{source} can't be read as Parquet; {advice}") from None
