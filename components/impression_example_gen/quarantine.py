"""Refused rows, kept as they were, with the reason."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.impression_example_gen.plan import Piece
from data.log.formats.reader import LogReader
from data.log.rules import Refusals

_SAID = {"reason": "name", "column": "column", "wanted": "wanted"}


def refused_rows(reader: LogReader, piece: Piece, refused: Sequence[Refusals]) -> bytes:
    """Returns a Parquet file of refused rows.

    All original columns, also those outside the contract, and then `quarantine_reason`,
    `quarantine_column`, `quarantine_wanted`, `quarantine_file` and `quarantine_row`.

    Args:
      reader: the open file.
      piece: what was read of it.
      refused: at least one; rows are ascending positions in the row group.
    """
    rows = np.concatenate([part.rows for part in refused])
    # Refused rows are few: reading all columns again costs less than always reading them.
    table = reader.take(piece.row_group, rows)
    added = {
        **{f"quarantine_{said}": _said(refused, of) for said, of in _SAID.items()},
        "quarantine_file": pa.repeat(piece.file.name, len(rows)),
        "quarantine_row": pa.array(rows + piece.offset),
    }
    for name, values in added.items():
        table = table.append_column(name, values)
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _said(refused: Sequence[Refusals], attribute: str) -> pa.Array:
    """What the rules of all refused rows say, string [R]."""
    return pa.concat_arrays(
        [
            pa.array([getattr(rule, attribute) for rule in part.rules]).take(pa.array(part.broke))
            for part in refused
        ]
    )
