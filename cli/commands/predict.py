"""`polyrank predict`: scores rows by a served model."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.common.console import console_on
from cli.common.terminal import silent_imports
from common.errors import BadDataError
from common.json_files import to_text

if TYPE_CHECKING:
    import numpy as np

    from cli.common.candidates import Chunk
    from cli.common.row_sources import RowSource
    from data.log.formats.endings import LogFormat


@click.command()
@click.argument("files", nargs=-1)
@click.option("--parquet", multiple=True, help="Rows of a file, folder or pattern; repeatable.")
@click.option("--csv", multiple=True, help="The same of CSV, plain or gzip; repeatable.")
@click.option("--rows", type=click.IntRange(min=1), help="The first N rows only. [default: all]")
@click.option("--key", "keys", multiple=True, help="A column to print with the scores; repeatable.")
@click.option("--target", default="localhost:8500", show_default=True, help="The server.")
@click.option("--model-name", default="polyrank", show_default=True)
@click.option("--timeout", default=10.0, show_default=True, help="Seconds a request may take.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")
def predict(
    files: tuple[str, ...],
    parquet: tuple[str, ...],
    csv: tuple[str, ...],
    rows: int | None,
    keys: tuple[str, ...],
    target: str,
    model_name: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Query a served model for the scores of candidates.

    FILES are Parquet, CSV or TFRecord files, folders or patterns of them, or files of JSON lines:
    one JSON object a line, one candidate each: {"column": value, ...}. Without any, JSON lines
    are read from standard input. null, an empty field and NaN are missing values.

    Each row is printed with the columns that --key names, else with its file and its row (from 0;
    its line, from 1, in JSON lines). One that is named as an output is printed as row.NAME.
    """
    if "" in keys:
        raise click.UsageError("--key is empty; name a column")
    if files.count("-") > 1:
        raise click.UsageError("standard input (-) can be read once")
    with silent_imports():
        from cli.common.candidates import Wanted
        from cli.common.row_sources import STANDARD_INPUT, read_chunks, row_sources
        from cli.common.scores import scored
        from data.log.files import left_out_lines
        from serving.client import Client

    given: list[tuple[str, LogFormat | None]] = [(path, None) for path in files]
    given += [(path, "parquet") for path in parquet] + [(path, "csv") for path in csv]
    sources: list[RowSource] = []
    for path, kind in given or [(STANDARD_INPUT, None)]:
        found, left_out = row_sources(path, kind)
        sources += found
        for line in left_out_lines(tuple(left_out)):
            click.echo(line, err=True)
    with Client(target, model_name, timeout) as client:
        chunks = read_chunks(sources, Wanted(client.columns(), keys, rows))
        # The command has named the file, where it is one.
        hidden = () if as_json or len(sources) > 1 else ("file",)
        printed = (
            row
            for chunk, outputs in scored(client, chunks)
            for row in _rows(chunk, outputs, keys, hidden)
        )
        if not as_json:
            _print_table(list(printed))
            return
        for row in printed:
            click.echo(to_text(row))


def _rows(
    chunk: Chunk, outputs: Mapping[str, np.ndarray], keys: Sequence[str], hidden: Sequence[str]
) -> Iterator[dict[str, Any]]:
    columns = {key: _values(chunk, key) for key in keys}
    for index, place in enumerate(chunk.places):
        if keys:
            about = {key: values[index] for key, values in columns.items()}
        else:
            about = {name: value for name, value in place.items() if name not in hidden}
        names = _names(list(about), outputs)
        scores = {name: _plain(array[index]) for name, array in outputs.items()}
        yield {**{names[name]: value for name, value in about.items()}, **scores}


def _names(keys: Sequence[str], outputs: Collection[str]) -> dict[str, str]:
    """Under which name each key is printed: `row.NAME` where an output has its own."""
    taken = {*outputs, *keys}
    names = {}
    for key in keys:
        name = key
        while key in outputs and name in taken:
            name = f"row.{name}"
        taken.add(name)
        names[key] = name
    return names


def _values(chunk: Chunk, key: str) -> list[Any]:
    column = chunk.values[key]
    values = column.to_pylist() if hasattr(column, "to_pylist") else column
    found = []
    for index, value in enumerate(values):
        try:
            found.append(_plain(value))
        except UnicodeError:
            raise BadDataError(
                f"{chunk.place(index)}, column '{key}': got {value!r}, wanted text in UTF-8"
            ) from None
        except RecursionError:
            raise BadDataError(
                f"{chunk.place(index)}, column '{key}': lists or objects are nested too deeply"
            ) from None
    return found


def _plain(value: Any) -> Any:
    """A value as JSON has it; raises UnicodeError where a text is no UTF-8."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        value.encode()
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(escape(name), justify="right", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_text(row.get(name, ""))) for name in names))
    console_on(sys.stdout).print(table)


def _text(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
