"""What is wrong with the texts of a CSV file though all of them can be read."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from data.log.files import LogFile

_DECIMAL_COMMA = re.compile(rb"[+-]?\d+,\d+")
_MAYBE_NUMBER = re.compile(rb"[+-]?\d+(,\d+)?|")


def text_notes(file: LogFile, table: pa.Table) -> list[tuple[str, str]]:
    """Returns (what is wrong, the file's name) for columns that hold no UTF-8 or decimal commas.

    Args:
      file: the file.
      table: its rows; columns of a CSV file are binary.
    """
    if file.format != "csv":
        return []
    notes = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        texts = pc.drop_null(column).unique()
        try:
            texts.cast(pa.string())
        except pa.ArrowInvalid:
            notes.append(
                f"column '{name}' holds text that is not UTF-8 and is refused by a run (if the "
                "file is Latin-1: iconv -f LATIN1 -t UTF-8 OLD > NEW)"
            )
            continue
        values = texts.to_pylist()
        if all(map(_MAYBE_NUMBER.fullmatch, values)) and any(map(_DECIMAL_COMMA.fullmatch, values)):
            notes.append(
                f"column '{name}' holds numbers with a decimal comma, which are read as text; "
                "write them with a point"
            )
    return [(note, file.name) for note in notes]
