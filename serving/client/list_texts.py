"""Texts that hold lists, split by the rule that a log's texts are split by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.column_type import ColumnType
from serving.client.casting import ColumnValueError, shown
from serving.served_columns import ServedColumn

_KINDS: dict[str, ColumnType] = {"int64": "int", "float32": "float", "string": "bytes"}
_WANTED = {
    "no_list": "a JSON list",
    "nested_list": "a JSON list of plain values",
    "no_text": "a JSON list of texts and whole numbers",
}


def split_texts_among(name: str, rows: Sequence[Any], column: ServedColumn) -> Sequence[Any]:
    """Puts lists where texts are.

    Args:
      name: the column's.
      rows: B lists, texts or missing values.
      column: of the model, whose `text` says how texts hold lists.

    Raises:
      ColumnValueError: a text holds no list.
    """
    at = [index for index, row in enumerate(rows) if isinstance(row, str | bytes)]
    if column.text is None or not at:
        return rows
    # Arrow is not in the model server's image, where no text is sent for a list.
    import pyarrow as pa

    from data.log.lists.list_texts import split_texts

    texts = [
        row.encode("utf-8", "replace") if isinstance(row, str) else row
        for row in (rows[index] for index in at)
    ]
    lists, broken = split_texts(pa.array(texts, pa.binary()), column.text, _KINDS[column.dtype])
    for reason, which in broken.items():
        if which.any():
            index = at[int(which.argmax())]
            raise ColumnValueError(
                name, index, f"got {shown(rows[index])}, wanted {_WANTED[reason]}"
            )
    found = list(rows)
    for index, values in zip(at, lists.to_pylist(), strict=True):
        found[index] = values
    return found
