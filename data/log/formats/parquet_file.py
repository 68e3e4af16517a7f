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
        file = pq.ParquetFile(open_stream(path))
        if any(pa.types.is_fixed_size_list(field.type) for field in file.schema_arrow):
            with open_stream(path) as stream:
                footer = _of_plain_lists(stream)
            return pq.ParquetFile(open_stream(path), metadata=footer)
        return file
    except (pa.ArrowException, OSError) as error:
        advice = f"it is {what}" if what else f"write it again ({error})"
        raise BadDataError(f"{source} can't be read as Parquet; {advice}") from None


def _of_plain_lists(file: pa.NativeFile) -> pq.FileMetaData:
    """A file's footer without the note by which Arrow reads lists as lists of fixed size.

    Arrow can't read such a column if a row of it is missing, as Polars writes one; as plain lists
    it can. The note's name is overwritten, so that no length changes.
    """
    file.seek(file.size() - 8)
    length = file.read(4)
    file.seek(file.size() - 8 - int.from_bytes(length, "little"))
    footer = file.read(int.from_bytes(length, "little")).replace(b"ARROW:schema", b"-----:schema")
    return pq.read_metadata(pa.BufferReader(b"PAR1" + footer + length + b"PAR1"))
