"""Values as people have them, cast to the inputs of a signature.

The types are those of the signature, never guessed from the values; the casts are those by which
a log is read (`data.log.casting`), so that rows of a log score as they were trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from common.errors import BadDataError, PolyrankError
from common.suggestions import nearest
from serving.client.casting import cast_column
from serving.client.lists import PaddedLists, aligned_lengths, cast_lists
from serving.served_columns import ServedColumn
from serving.signatures import TensorSpec


def check_inputs(inputs: Mapping[str, TensorSpec], columns: Mapping[str, ServedColumn]) -> None:
    """Checks that columns can be made to every input: one value a row, or lists as `columns` say.

    Raises:
      PolyrankError: an input takes something else.
    """
    lists = {column.input for column in columns.values() if column.is_list}
    for name, spec in inputs.items():
        if name in lists:
            continue
        is_vector = spec.shape is None or len(spec.shape) == 1
        if not is_vector or spec.dtype not in ("int64", "float32", "string"):
            raise PolyrankError(
                f"input '{name}' is {spec.dtype} {spec.shape_text()}; columns can be made to "
                "vectors of int64, float32 or string, and to lists that the model describes. Call "
                "Client.predict_tensors with arrays"
            )


def by_name(table: Any) -> dict[str, Any]:
    """Returns the columns of a mapping, or of a table of pandas or Arrow, to be read repeatedly.

    Raises:
      BadDataError: it is something else, or a column's name is no text or that of two columns.
    """
    names = _names(table)
    for name in names:
        if not isinstance(name, str):
            raise BadDataError(
                f"a column is called {name!r} ({type(name).__name__}); wanted the name as text"
            )
        if names.count(name) > 1:
            raise BadDataError(f"the table has the column '{name}' {names.count(name)} times")
    columns = {name: table[name] for name in names}
    return {
        name: list(values) if isinstance(values, Iterator) else values
        for name, values in columns.items()
    }


def _names(table: Any) -> list[Any]:
    if isinstance(table, Mapping):
        return list(table)
    if hasattr(table, "to_pylist") and hasattr(table, "schema"):
        return list(table.schema.names)
    if hasattr(table, "columns"):
        return list(table.columns)
    raise BadDataError(
        "wanted a mapping from column to values, or a table of pandas or Arrow, got "
        f"{type(table).__name__}; polyrank.predict takes a list of rows"
    )


def tensors(
    values: Mapping[str, Any], columns: Mapping[str, ServedColumn]
) -> dict[str, np.ndarray]:
    """Casts columns to the inputs of a signature.

    Args:
      values: for every column its B values: a list, an array of numpy (masked or not), pandas or
        Arrow. None, NaN, pandas' NA and NaT, a masked value and Arrow's null are missing. Of a
        column of lists B lists, each a list, an array or a text (`ServedColumn.text`), or an array
        of numpy [B, any]; a missing one is empty.
      columns: the signature's.

    Returns:
      int64, float32 or bytes by the input's name: [B], of a column of lists [B, L]; and the
      lengths of lists that are aligned, int64 [B] in [0, L].

    Raises:
      ColumnValueError: a value has no place in its column's type, or is missing where the model
        needs one; lists that are aligned have different lengths in a row.
      BadDataError: a column is not one of the model's, is lacking, or has more values than others.
    """
    for name in values:
        if name not in columns:
            raise BadDataError(f"the model has no column '{name}'; {nearest(name, columns)}")
    lacking = [name for name in columns if name not in values]
    if lacking:
        verb = "are" if len(lacking) > 1 else "is"
        raise BadDataError(f"there {verb} no {_columns(lacking)}; {_wanted(columns)}")
    cast: dict[str, np.ndarray] = {}
    lists: dict[str, PaddedLists] = {}
    for name, column in columns.items():
        if not column.is_list:
            cast[column.input] = cast_column(name, values[name], column)
        else:
            lists[name] = cast_lists(name, values[name], column)
            cast[column.input] = lists[name].values
    sizes = {name: len(cast[column.input]) for name, column in columns.items()}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"'{name}' {size}" for name, size in sizes.items())
        raise BadDataError(
            f"columns must have one value or list a row, but their sizes differ: {shown}"
        )
    return cast | aligned_lengths(lists, columns)


def by_column(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, ServedColumn],
    place: Callable[[int], str] = "rows[{}]".format,
) -> dict[str, list[Any]]:
    """Turns rows into columns; what is no column of the model is passed over.

    Args:
      rows: B mappings from column to value.
      columns: the signature's.
      place: what people call a row, from its index.

    Raises:
      BadDataError: a row is no mapping or lacks a column.
    """
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise BadDataError(
                f"{place(index)}: wanted a mapping from column to value, got {type(row).__name__}"
            )
        lacking = [name for name in columns if name not in row]
        if lacking:
            raise BadDataError(f"{place(index)} has no {_columns(lacking)}; {_wanted(columns)}")
    return {name: [row[name] for row in rows] for name in columns}


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(repr(name) for name in names)}"


def _wanted(columns: Mapping[str, ServedColumn]) -> str:
    return f"the model takes {', '.join(columns)} (a missing value is None, null in JSON)"
