"""What the rest of the component knows of a file: named columns, row groups, batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

BATCH_ROWS = 1 << 14

BATCH_BYTES = 1 << 25
"""Of Arrow's memory: rows with long lists are worked on fewer at a time."""


def bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a batch in parts of about `BATCH_BYTES` at most, one row at least."""
    parts = math.ceil(batch.nbytes / BATCH_BYTES)
    rows = math.ceil(batch.num_rows / max(parts, 1))
    for first in range(0, batch.num_rows, max(rows, 1)):
        yield batch.slice(first, rows)


class LogReader(Protocol):
    """One open file of the log.

    Attributes:
      schema: the columns' names and types, as far as the file tells them.
      untyped: True where the file holds text only, so that numbers are parsed.
      is_empty: True where it has no row.
      groups: number of row groups: runs of rows, in the file's order, that can be read each
        without the others.
      notes: how the file is read where its name does not say so, for people.
    """

    @property
    def schema(self) -> pa.Schema: ...  # noqa: D102

    @property
    def untyped(self) -> bool: ...  # noqa: D102

    @property
    def is_empty(self) -> bool: ...  # noqa: D102

    @property
    def groups(self) -> int: ...  # noqa: D102

    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102

    def batches(
        self, group: int, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a row group in order, with these columns, in whatever order.

        Values are as they are in the file. Columns may be lists of at most one value where
        the format holds every value as a list.

        Raises:
          BadDataError: the file broke; names it, and the row where it is known.
        """
        ...

    def take(self, group: int, rows: np.ndarray) -> pa.Table:
        """Returns rows of a row group with all columns of the file.

        Args:
          group: the row group.
          rows: int64 [R], ascending positions in the row group.
        """
        ...
