"""Rows to score, a request's worth at a time, from JSON lines or from files of a log."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

import pyarrow as pa

from common.errors import BadDataError
from data.log.casting.lists import first_values, is_list
from data.log.files import LogFile
from data.log.formats.opening import open_log
from schemas.contract import Column, ColumnType, Contract
from schemas.tags import Tags
from schemas.task_graph import TaskGraph
from serving.served_columns import ServedColumn

ROWS_A_REQUEST = 512
_LONGEST_SHOWN = 80
_TYPES: dict[str, ColumnType] = {"int64": "int", "float32": "float", "string": "bytes"}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is read of the rows.

    Attributes:
      columns: of the model, by name.
      keys: columns that are printed with the scores.
      rows: how many are read at most; None for all.
    """

    columns: Mapping[str, ServedColumn]
    keys: Sequence[str] = ()
    rows: int | None = None

    @property
    def names(self) -> list[str]:
        """The columns and keys, each once."""
        return list(dict.fromkeys((*self.columns, *self.keys)))


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Rows of one file.

    Attributes:
      places: what says where a row is, such as `{"file": "a.csv", "row": 7}`; one mapping a row.
      values: column -> one value a row.
    """

    places: Sequence[Mapping[str, Any]]
    values: Mapping[str, Any]

    def place(self, index: int) -> str:
        """Where a row is, for people: `a.csv, row 7`."""
        return _shown(self.places[index])


def json_chunks(lines: IO[str], name: str | None, wanted: Wanted) -> Iterator[Chunk]:
    """Reads one JSON object a line.

    Args:
      lines: blank ones are passed over.
      name: the file's; None for standard input.
      wanted: the columns and keys that every row must have.

    Raises:
      BadDataError: a line is no object, or lacks a column.
    """
    rows = itertools.islice(_objects(lines, name), wanted.rows)
    while some := list(itertools.islice(rows, ROWS_A_REQUEST)):
        for place, row in some:
            _check(_shown(place), wanted.names, row)
        values = {column: [row[column] for _, row in some] for column in wanted.names}
        yield Chunk([place for place, _ in some], values)


def log_chunks(file: LogFile, wanted: Wanted) -> Iterator[Chunk]:
    """Reads a file of a log, row groups in their order.

    A feature that no example of a TFRecord has is missing in all of them.

    Raises:
      BadDataError: it can't be read, lacks a column or has it twice, or a row has several values
        in a column of the model.
    """
    reader = open_log(file, _contract(wanted.columns) if file.format == "tfrecord" else None)
    if reader.is_empty:
        return
    _check(file.name, wanted.names, reader.schema.names)
    row, end = 0, wanted.rows
    for group in range(reader.groups):
        if end is not None and row >= end:
            return
        count = ROWS_A_REQUEST if end is None else min(ROWS_A_REQUEST, end - row)
        for whole in reader.batches(group, wanted.names, count):
            batch = whole if end is None else whole.slice(0, end - row)
            if not batch.num_rows:
                break
            places = [{"file": file.name, "row": row + index} for index in range(batch.num_rows)]
            row += batch.num_rows
            values = {name: _value(batch[name], name, places, wanted) for name in wanted.names}
            if reader.untyped:
                values = {name: _as_text(column) for name, column in values.items()}
            yield Chunk(places, values)


def _contract(columns: Mapping[str, ServedColumn]) -> Contract:
    """What a reader of tf.Examples must know of columns that its first examples lack."""
    return Contract(
        tuple(
            Column(name, _TYPES[column.dtype], required=False, tags=Tags())
            for name, column in columns.items()
        ),
        TaskGraph(()),
    )


def _objects(lines: IO[str], name: str | None) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    file = {} if name is None else {"file": name}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = {**file, "line": number}
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadDataError(f"{_shown(place)}: {error}") from None
        except RecursionError:
            raise BadDataError(f"{_shown(place)}: lists or objects are nested too deeply") from None
        except ValueError:  # Of Python's int().
            raise BadDataError(f"{_shown(place)}: a number has too many digits") from None
        if not isinstance(row, dict):
            raise BadDataError(
                f"{_shown(place)}: wanted a JSON object, got {line.strip()[:_LONGEST_SHOWN]}"
            )
        yield place, row


def _check(place: str, wanted: Sequence[str], found: Iterable[str]) -> None:
    names = list(found)
    lacking = [name for name in wanted if name not in names]
    if lacking:
        raise BadDataError(
            f"{place} has no {', '.join(lacking)}; wanted {', '.join(wanted)} (write null, or "
            "leave a CSV field empty, for a missing value)"
        )
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise BadDataError(f"{place} has the column '{twice[0]}' {names.count(twice[0])} times")


def _value(
    array: pa.Array, name: str, places: Sequence[Mapping[str, Any]], wanted: Wanted
) -> pa.Array:
    """Takes lists of at most one value, which a TFRecord has for every value, as that value.

    A column of lists stays one.
    """
    wants_lists = name in wanted.columns and wanted.columns[name].is_list
    if wants_lists or not is_list(array.type):
        return array
    values, several = first_values(array)
    if several is not None:
        if name not in wanted.columns:
            return array
        index = int(several.argmax())
        got = array[index].as_py()
        raise BadDataError(f"{_shown(places[index])}, column '{name}': got {got}, wanted one value")
    return values


def _as_text(array: pa.Array) -> pa.Array:
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:  # Bytes that are no UTF-8.
        return array


def _shown(place: Mapping[str, Any]) -> str:
    file = place.get("file", "standard input")
    return ", ".join([str(file), *(f"{k} {v}" for k, v in place.items() if k != "file")])
