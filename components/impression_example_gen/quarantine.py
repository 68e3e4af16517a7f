"""Refused rows, kept as they were beside the reason."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.impression_example_gen.checks import Rule
from components.impression_example_gen.formats.log_reader import LogReader
from components.impression_example_gen.plan import Piece


def refused_rows(reader: LogReader, piece: Piece, rows: np.ndarray, rules: Sequence[Rule]) -> bytes:
    """Returns a Parquet file of refused rows.

    All original columns, also those outside the contract, and then `quarantine_reason`,
    `quarantine_column`, `quarantine_wanted`, `quarantine_file` and `quarantine_row`.

    Args:
      reader: the open file.
      piece: what was read of it.
      rows: int64 [R], positions in the row group.
      rules: what each of them broke, R long.
    """
    # Refused rows are few: reading all columns again costs less than always reading them.
    table = reader.take(piece.row_group, rows)
    added = {
        "quarantine_reason": pa.array([rule.name for rule in rules]),
        "quarantine_column": pa.array([rule.column for rule in rules]),
        "quarantine_wanted": pa.array([rule.wanted for rule in rules]),
        "quarantine_file": pa.array([piece.source] * len(rules)),
        "quarantine_row": pa.array(rows + piece.offset),
    }
    for name, values in added.items():
        table = table.append_column(name, values)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()
