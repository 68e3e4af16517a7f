"""`polyrank predict`: scores rows by a served model."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.common.console import console_on
from cli.common.terminal import silent_imports
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
    with silent_imports():
        from cli.common.row_sources import STANDARD_INPUT, first_rows, read_chunks, row_sources
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
        chunks = read_chunks(sources, list(dict.fromkeys((*client.columns(), *keys))))
        answers = scored(client, first_rows(chunks, rows) if rows else chunks)
        printed = (row for chunk, outputs in answers for row in _rows(chunk, outputs, keys))
        if not as_json:
            table = list(printed)
            if not keys and len(sources) == 1:  # The command names the file.
                table = [{name: row[name] for name in row if name != "file"} for row in table]
            _print_table(table)
            return
        for row in printed:
            click.echo(to_text(row))


def _rows(
    chunk: Chunk, outputs: Mapping[str, np.ndarray], keys: Sequence[str]
) -> Iterator[dict[str, Any]]:
    columns = {key: _values(chunk.values[key]) for key in keys}
    for index, place in enumerate(chunk.places):
        about = {key: values[index] for key, values in columns.items()} if keys else place
        named = {f"row.{name}" if name in outputs else name: about[name] for name in about}
        yield {**named, **{name: _plain(array[index]) for name, array in outputs.items()}}


def _values(column: Any) -> list[Any]:
    values = column.to_pylist() if hasattr(column, "to_pylist") else column
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


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
