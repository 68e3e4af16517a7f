"""`polyrank data`: makes spans of logged impressions."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import click
import pyarrow.parquet as pq

from cli.commands.data_history import history
from cli.common.folder_names import check_home_sign
from cli.common.schema_option import schema_option
from cli.common.terminal import working
from common.settings import SettingsError
from common.strict_yaml import load_yaml
from data.adapters.published import PROTOCOLS
from data.adapters.registry import write_spans_with
from data.log.files import left_out_lines

_OUT = click.option(
    "--out", required=True, type=click.Path(path_type=pathlib.Path), help="The log's folder."
)
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace spans that exist already.")


@click.group("data")
def data() -> None:
    """Make spans of logged impressions."""


data.add_command(history)


@data.command()
@_OUT
@click.option("--rows", type=int, help="Impressions, spread evenly over the days.")
@click.option("--days", type=int, help="Number of spans.")
@click.option("--start", help="First day (UTC), YYYY-MM-DD.")
@click.option("--seed", type=int, help="Seed of the draws.")
@click.option(
    "--world",
    multiple=True,
    metavar="KEY=VALUE",
    help="A knob of the world, such as seed=3, selection=0.9 or weights.n=1.2; repeatable.",
)
@_OVERWRITE
def synthetic(out: pathlib.Path, overwrite: bool, world: tuple[str, ...], **knobs: Any) -> None:
    """Make a synthetic log whose true probabilities are known."""
    values = {key: value for key, value in knobs.items() if value is not None}
    values["world"] = _nested(world)
    _write("synthetic", None, out, values, overwrite)


@data.command()
@click.option(
    "--source",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="The folder of KuaiRand's log_standard*.csv and user_features*.csv.",
)
@_OUT
@_OVERWRITE
def kuairand(source: pathlib.Path, out: pathlib.Path, overwrite: bool) -> None:
    """Turn KuaiRand's standard log into spans."""
    _write("kuairand", source, out, {}, overwrite)


@data.command()
@click.option(
    "--source",
    type=click.Path(path_type=pathlib.Path),
    help="The folder of ml-100k.inter, .item and .user; without it they are downloaded.",
)
@click.option(
    "--random-split",
    type=int,
    metavar="SEED",
    help="Lay the ratings out over ten made-up days at random; for comparison with published "
    "tables only.",
)
@_OUT
@_OVERWRITE
def movielens(
    source: pathlib.Path | None, random_split: int | None, out: pathlib.Path, overwrite: bool
) -> None:
    """Turn MovieLens-100K into spans."""
    _write("movielens", source, out, {"random_split": random_split}, overwrite)


@data.command()
@click.argument("protocol", type=click.Choice(sorted(PROTOCOLS)))
@click.option(
    "--source",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="The folder of the data set's files.",
)
@click.option("--seed", type=int, help="Seed of the random split.")
@_OUT
@_OVERWRITE
def published(
    protocol: str, source: pathlib.Path, seed: int | None, out: pathlib.Path, overwrite: bool
) -> None:
    """Turn a data set into ten made-up days, split at random as published tables are."""
    _write(protocol, source, out, {} if seed is None else {"seed": seed}, overwrite)


@data.command()
@click.option(
    "--source",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="A folder of Parquet, CSV or TFRecord files, or one of them.",
)
@schema_option
@_OUT
@click.option(
    "--span",
    metavar="YYYY-MM-DD",
    help="The day that all rows go to, where the schema has no timestamp; default: today (UTC).",
)
@_OVERWRITE
def spans(
    source: pathlib.Path,
    schema_path: pathlib.Path,
    out: pathlib.Path,
    span: str | None,
    overwrite: bool,
) -> None:
    """Turn files of your own into spans, by the day of the schema's timestamp.

    Without a timestamp all rows go to one span: one call, with its own --span, a delivery. Holds
    all rows in memory: give it the files of some whole days at a time where they are too many.
    Spans of other days stay as they are.
    """
    _write("user_files", source, out, {"schema_path": str(schema_path), "span": span}, overwrite)


def _write(
    adapter: str,
    source: pathlib.Path | None,
    out: pathlib.Path,
    options: dict[str, Any],
    overwrite: bool,
) -> None:
    """Writes the spans, and says how many rows and which files were left out."""
    check_home_sign(out, "--out")
    started = time.monotonic()
    command = click.get_current_context().command_path
    with working(f"writing {out}"):
        left_out = write_spans_with(
            adapter, source, out, options, where=command, overwrite=overwrite
        )
    for line in left_out_lines(left_out):
        click.echo(line)
    _report(out, started)


def _nested(assignments: tuple[str, ...]) -> dict[str, Any]:
    """`("weights.n=1.2",)` as `{"weights": {"n": 1.2}}`; values are read as YAML."""
    nested: dict[str, Any] = {}
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        *parents, key = path.split(".")
        at = nested
        try:
            for parent in parents:
                at = at.setdefault(parent, {})
            at[key] = load_yaml(value, assignment)
        except SettingsError as error:
            raise click.BadParameter(str(error), param_hint="--world") from None
        except (AttributeError, TypeError):
            value = ""
        if not value:
            raise click.BadParameter(f"'{assignment}': write KEY=VALUE", param_hint="--world")
    return nested


def _report(out: pathlib.Path, started: float) -> None:
    spans = sorted(out.glob("span=*"))
    rows = sum(_rows_of(part) for x in spans for part in x.glob("*.parquet"))
    first, last = (span.name.partition("=")[2] for span in (spans[0], spans[-1]))
    seconds = time.monotonic() - started
    click.echo(f"{out}: {rows:,} rows in {len(spans)} spans, {first} to {last} ({seconds:.1f} s)")


def _rows_of(part: pathlib.Path) -> int:
    # An open file: Arrow may take a path with a blank or a bracket for an address.
    with part.open("rb") as file:
        return int(pq.read_metadata(file).num_rows)
