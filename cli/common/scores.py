"""Scores of rows from a model server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cli.common.candidates import ROWS_A_REQUEST, Chunk
from common.errors import BadDataError
from serving.client import Client
from serving.client.casting import ColumnValueError
from serving.client.rows import by_column


def served_scores(
    rows: Sequence[Mapping[str, Any]], target: str, model_name: str, timeout: float
) -> dict[str, np.ndarray]:
    """Queries a model server for the scores of rows, some hundred a request.

    Args:
      rows: B mappings from feature to value, one candidate each; None and NaN stand for a missing
        value, and keys that are no feature of the model are ignored.
      target: the server's `host:port`.
      model_name: the served model's name.
      timeout: seconds that a request may take.

    Returns:
      An array [B] an output.

    Raises:
      BadDataError: there are no rows, or a row lacks a feature or holds a value of another type.
      ServingError: the server can't be reached or refuses the request.
      PolyrankError: the model takes no rows.
    """
    rows = list(rows)  # A mapping or a table becomes its columns' names, which are no rows.
    if not rows:
        raise BadDataError("there are no rows; give one mapping from feature to value a candidate")
    with Client(target, model_name, timeout) as client:
        columns = client.columns()
        answers = []
        for first in range(0, len(rows), ROWS_A_REQUEST):
            place = _place_after(first)
            values = by_column(rows[first : first + ROWS_A_REQUEST], columns, place)
            try:
                answers.append(client.predict(values))
            except ColumnValueError as error:
                raise error.at(place(error.index)) from None
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}


def _place_after(first: int) -> Callable[[int], str]:
    return lambda index: f"rows[{first + index}]"


def scored(
    client: Client, chunks: Iterable[Chunk]
) -> Iterator[tuple[Chunk, dict[str, np.ndarray]]]:
    """Yields chunks with their outputs, [B] each; what is no column of the model is passed over.

    Raises:
      BadDataError: a value has no place in its column; names the file, row and column.
      ServingError: the server can't be reached or refuses the request.
    """
    columns = client.columns()
    for chunk in chunks:
        try:
            yield chunk, client.predict({name: chunk.values[name] for name in columns})
        except ColumnValueError as error:
            raise error.at(chunk.place(error.index)) from None
