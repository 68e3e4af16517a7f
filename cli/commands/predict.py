"""`polyrank predict`: scores rows by a served model."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from cli.common.terminal import console_on, silent_imports
from common.json_files import to_text

if TYPE_CHECKING:
    import numpy as np


@click.command()
@click.argument("rows_file", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--parquet", type=click.Path(dir_okay=False), help="Take the rows of this file.")
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many rows of the Parquet file.",
)
@click.option("--target", default="localhost:8500", show_default=True, help="The server.")
@click.option("--model-name", default="polyrank", show_default=True)
@click.option("--timeout", default=10.0, show_default=True, help="Seconds a request may take.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a row.")
def predict(
    rows_file: IO[str] | None,
    parquet: str | None,
    rows: int,
    target: str,
    model_name: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask a served model for the scores of candidates.

    ROWS_FILE holds one JSON object a line, one candidate each: {"feature": value, ...};
    without it and without --parquet, standard input is read. null is a missing value.
    """
    if parquet and rows_file:
        raise click.UsageError("give ROWS_FILE or --parquet, not both")
    candidates = _parquet_rows(parquet, rows) if parquet else _json_rows(rows_file or sys.stdin)

    with silent_imports():
        from cli.common.scores import served_scores

    outputs = served_scores(candidates, target, model_name, timeout)
    _print(outputs, len(candidates), as_json)


def _json_rows(lines: IO[str]) -> list[dict[str, Any]]:
    from common.errors import BadDataError

    found = []
    name = getattr(lines, "name", "standard input")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadDataError(f"{name}, line {number}: {error}") from None
        if not isinstance(row, dict):
            raise BadDataError(f"{name}, line {number}: wanted a JSON object, got {line.strip()}")
        found.append(row)
    if not found:
        raise BadDataError(f'{name} holds no rows; write one {{"feature": value, ...}} a line')
    return found


def _parquet_rows(path: str, count: int) -> Sequence[Mapping[str, Any]]:
    import pyarrow.parquet

    from common.errors import BadDataError

    if not pathlib.Path(path).is_file():
        raise BadDataError(f"{path} does not exist")
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            batch = next(file.iter_batches(batch_size=count), None)
    except pyarrow.ArrowInvalid as error:
        raise BadDataError(f"{path} is no Parquet file: {error}") from None
    if batch is None or not batch.num_rows:
        raise BadDataError(f"{path} holds no rows")
    return batch.to_pylist()


def _print(outputs: Mapping[str, np.ndarray], count: int, as_json: bool) -> None:
    if as_json:
        for row in range(count):
            click.echo(to_text({name: _plain(array[row]) for name, array in outputs.items()}))
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("row", *outputs):
        table.add_column(name, justify="right", overflow="fold")
    for row in range(count):
        table.add_row(str(row + 1), *(_text(array[row]) for array in outputs.values()))
    console_on(sys.stdout).print(table)


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _text(value: Any) -> str:
    value = _plain(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
