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

ROWS_A_REQUEST = 512


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

    def first(self, rows: int) -> Chunk:
        """The first rows of it."""
        values = {name: column[:rows] for name, column in self.values.items()}
        return Chunk(self.places[:rows], values)


def json_chunks(lines: IO[str], name: str | None, columns: Iterable[str]) -> Iterator[Chunk]:
    """Reads one JSON object a line.

    Args:
      lines: blank ones are passed over.
      name: the file's; None for standard input.
      columns: what every row must have.

    Raises:
      BadDataError: a line is no object, or lacks a column.
    """
    names = list(columns)
    rows = _objects(lines, name)
    while some := list(itertools.islice(rows, ROWS_A_REQUEST)):
        for place, row in some:
            _check(_shown(place), names, row)
        values = {column: [row[column] for _, row in some] for column in names}
        yield Chunk([place for place, _ in some], values)


def log_chunks(file: LogFile, columns: Iterable[str]) -> Iterator[Chunk]:
    """Reads a file of a log, row groups in their order.

    Raises:
      BadDataError: it can't be read, lacks a column or has it twice, or a row has several values
        in it.
    """
    names = list(columns)
    reader = open_log(file)
    if reader.is_empty:
        return
    _check(file.name, names, reader.schema.names)
    row = 0
    for group in range(reader.groups):
        for batch in reader.batches(group, names, ROWS_A_REQUEST):
            places = [{"file": file.name, "row": row + index} for index in range(batch.num_rows)]
            row += batch.num_rows
            values = {name: _single(batch[name], name, places) for name in names}
            if reader.untyped:
                values = {name: _as_text(column) for name, column in values.items()}
            yield Chunk(places, values)


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
        if not isinstance(row, dict):
            raise BadDataError(f"{_shown(place)}: wanted a JSON object, got {line.strip()}")
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


def _single(array: pa.Array, name: str, places: Sequence[Mapping[str, Any]]) -> pa.Array:
    """Takes lists of at most one value, which a TFRecord has for every value, as that value."""
    if not is_list(array.type):
        return array
    values, several = first_values(array)
    if several is not None:
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
