"""What is wrong with the texts of a CSV file though all of them can be read."""

from __future__ import annotations

import math
import re

import pyarrow as pa
import pyarrow.compute as pc

from data.inference.candidates import listed
from data.log.files import LogFile

_WITH_COMMAS = re.compile(rb"[+-]?\d+(,\d+)+(\.\d+)?")
_MAYBE_NUMBER = re.compile(rb"[+-]?\d+(,\d+)*(\.\d+)?|")
_BETWEEN_THOUSANDS = re.compile(rb"[+-]?\d{1,3}(,\d{3})*(\.\d+)?|")
_NO_NUMBER = 0.1
"""Where fewer of the values than this are no numbers, the column was meant to hold numbers."""


def text_notes(file: LogFile, table: pa.Table) -> list[tuple[str, str]]:
    """Returns (what is wrong, the file's name) for columns of no UTF-8, or of numbers as text.

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
        if all(map(_MAYBE_NUMBER.fullmatch, values)) and any(map(_WITH_COMMAS.fullmatch, values)):
            thousands = all(map(_BETWEEN_THOUSANDS.fullmatch, values))
            what, advice = (
                ("commas between thousands", "without")
                if thousands
                else ("a decimal comma", "with a point")
            )
            notes.append(
                f"column '{name}' holds numbers with {what}, which are read as text; write them "
                f"{advice}"
            )
        notes += _among_numbers(name, column)
    return [(note, file.name) for note in notes]


def _among_numbers(name: str, column: pa.ChunkedArray) -> list[str]:
    """Says which texts make text of a column that is of numbers but for them."""
    counts = pc.value_counts(pc.drop_null(column).combine_chunks())
    values, rows = counts.field("values").to_pylist(), counts.field("counts").to_pylist()
    others = [index for index, value in enumerate(values) if not _is_number(value)]
    in_rows = sum(rows[index] for index in others)
    if not others or in_rows >= _NO_NUMBER * sum(rows):
        return []
    texts = listed([values[index].decode() for index in others], 3)
    return [
        f"column '{name}' holds numbers but for {texts} in {in_rows:,} rows, so it is read as "
        "text; leave these empty if they are no values"
    ]


def _is_number(value: bytes) -> bool:
    """True for what the pipeline's reader takes for a finite number, or for none at all."""
    if value.strip().lower() in (b"", b"nan", b"null"):
        return True
    try:
        return math.isfinite(float(value)) and b"_" not in value
    except ValueError:
        return False
