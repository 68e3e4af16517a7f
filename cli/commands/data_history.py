"""`polyrank data history`: what each user did before, as lists in the log."""

from __future__ import annotations

import pathlib
import time

import click

from cli.common.folder_names import check_home_sign
from cli.common.history_text import history_lines
from cli.common.schema_option import schema_option
from cli.common.terminal import working
from common.atomic_files import write_whole
from common.settings import parse
from data.history.config import HistoryConfig
from data.history.latest import write_latest
from data.history.log_plan import check_first_day, plan_of_log
from data.history.schema_text import with_histories
from data.history.targets import (
    check_same_settings,
    check_targets,
    check_writable,
    refuse_file,
)
from data.history.write_log import write_histories
from schemas.contract import load_contract, load_schema_text


def _names(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> list[str] | None:
    del context, parameter
    return None if value is None else [name.strip() for name in value.split(",")]


_EXAMPLE = """\b
Example:
  polyrank data history --data log --schema schema.pbtxt --events click,buy \\
      --out log-history --latest users.parquet
  polyrank schema check --data log-history --schema log-history.pbtxt
"""


@click.command(epilog=_EXAMPLE)
@click.option(
    "--data",
    "log",
    required=True,
    type=click.Path(path_type=pathlib.Path),
    help="The log: a folder of span=YYYY-MM-DD folders.",
)
@schema_option
@click.option(
    "--events",
    required=True,
    callback=_names,
    metavar="LABEL,...",
    help="The labels whose positive rows are events, the most valuable last: it is the action of "
    "a row with several.",
)
@click.option(
    "--length", type=int, default=50, show_default=True, help="Events a list: the newest."
)
@click.option(
    "--columns",
    callback=_names,
    metavar="COLUMN,...",
    help="The columns whose values become lists; default: the item's id.",
)
@click.option(
    "--scenario",
    type=click.Choice(("all", "own")),
    default="all",
    show_default=True,
    help="Events of all scenarios, or of the row's own only.",
)
@click.option(
    "--delay",
    type=int,
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="How long an event takes until a request can know it: younger events are left out.",
)
@click.option(
    "--group",
    default="history",
    show_default=True,
    metavar="NAME",
    help="The lists' group; their names begin with it.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=pathlib.Path),
    help="The folder of the new log.",
)
@click.option(
    "--schema-out",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="The schema of the new log; default: next to it, as OUT.pbtxt.",
)
@click.option(
    "--latest",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    metavar="FILE",
    help="Writes each user's history after the last day to a Parquet file, for serving.",
)
@click.option("--overwrite", is_flag=True, help="Replace what exists already.")
@click.option(
    "--resume",
    is_flag=True,
    help="Keep the spans of --out that exist already, from a call with the same settings, and "
    "write the later ones: of a log that has grown, or after a call that was stopped.",
)
def history(
    log: pathlib.Path,
    schema_path: pathlib.Path,
    out: pathlib.Path | None,
    schema_out: pathlib.Path | None,
    latest: pathlib.Path | None,
    overwrite: bool,
    resume: bool,
    **settings: object,
) -> None:
    """Add what each user did before to every impression of a log.

    A row gets aligned lists of its user's earlier events, oldest first: history_COLUMN for each
    of --columns, history_action (the label) and history_gap (whole seconds since). Events are
    strictly earlier than the row: what happened at the very time of the row, its own outcome
    included, never is in its history. Rows without a user get empty lists.

    Works day by day: memory is the newest events of each user and a few columns of one day.
    Give the log from its start: histories begin there.
    """
    started = time.monotonic()
    if overwrite and resume:
        raise click.UsageError("--overwrite and --resume exclude each other; give one")
    if out is None and latest is None:
        raise click.UsageError("nothing to write: give --out, --latest or both")
    if out is None and schema_out is not None:
        raise click.UsageError("--schema-out is of the log that --out writes; give --out too")
    if out is not None:
        schema_out = schema_out or out.with_name(f"{out.name}.pbtxt")
    options = {"--out": out, "--schema-out": schema_out, "--latest": latest}
    targets = {option: path for option, path in options.items() if path is not None}
    for option, path in targets.items():
        check_home_sign(path, option)
    check_targets(schema_path, targets)
    if latest is not None and not (overwrite or resume):
        refuse_file(latest)
    config = parse(HistoryConfig, settings, "polyrank data history")
    contract = load_contract(schema_path)
    plan = plan_of_log(contract, config, str(log))
    if out is not None and schema_out is not None:
        text = with_histories(load_schema_text(schema_path), plan)
        if resume:
            check_same_settings(schema_out, text, out)
        elif not overwrite:
            refuse_file(schema_out, "go on with its log (--resume), ")
    with working(f"reading {log}" if out is None else f"writing {out}"):
        if out is not None and schema_out is not None:
            check_writable(str(log), out, overwrite, resume)
            check_first_day(plan, str(log))
            # While spans are replaced, some are of other settings: no schema says what they hold.
            schema_out.unlink(missing_ok=True)
            if not overwrite:
                write_whole(schema_out, text)
        written, carried = write_histories(plan, str(log), out, overwrite, resume)
        if schema_out is not None and overwrite:
            write_whole(schema_out, text)
    for line in history_lines(plan, written, out, schema_out, started):
        click.echo(line)
    if latest is not None:
        click.echo(f"{latest}: {write_latest(plan, carried, latest):,} users")
