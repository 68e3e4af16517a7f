"""`polyrank schema`: proposes a tagged schema, and holds data against one."""

from __future__ import annotations

import pathlib
import sys

import click

from cli.common.folder_names import check_home_sign
from cli.common.schema_option import schema_option
from cli.common.terminal import announced_imports, silent_imports, working
from pipeline.outcome import Outcome
from schemas.contract import load_contract

_DATA = click.option(
    "--data", required=True, type=click.Path(path_type=pathlib.Path), help="The log's folder."
)


@click.group("schema")
def schema() -> None:
    """Propose a tagged schema, and hold data against one."""


@schema.command()
@_DATA
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), help="The file to write; else stdout."
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists already.")
@click.option(
    "--user",
    metavar="COLUMN|none",
    help="The column that tells users apart; none: no GAUC and no interval over users.",
)
@click.option(
    "--scenario",
    metavar="COLUMN|none",
    help="The column that says where the impression was shown; none: all rows are one scenario.",
)
@click.option(
    "--time",
    metavar="COLUMN|none",
    help="The column of the impression's time; none: the split is by row, and not by time.",
)
@click.option(
    "--label",
    "labels",
    metavar="COLUMN",
    multiple=True,
    help="A label; repeatable. All of them, where one is given.",
)
def infer(
    data: pathlib.Path,
    out: pathlib.Path | None,
    overwrite: bool,
    user: str | None,
    scenario: str | None,
    time: str | None,
    labels: tuple[str, ...],
) -> None:
    """Propose a tagged schema for Parquet, CSV and TFRecord files, every guess with its reason.

    Reads up to about 500,000 rows. Prompts for nothing: read the comments, and correct the tags.
    A role that is not named by its option is guessed, and refused where that is a matter of luck.

    Exit status: 0 a schema, 2 an option names no column, 4 the log can't be read, or a role has
    no column.
    """
    if out is not None:
        check_home_sign(out, "--out")
    if out is not None and out.exists() and not overwrite:
        raise click.UsageError(f"{out} exists already; write another file, or --overwrite")
    with silent_imports():
        from cli.common.next_commands import commands_after_infer
        from cli.common.schema_proposal import propose_schema
        from data.inference.choices import ChoiceError, Choices

    try:
        choices = Choices(user, scenario, time, labels)
        with working(f"reading {data}"):
            proposal, left_out = propose_schema(data, out, overwrite, choices)
    except ChoiceError as error:
        raise click.UsageError(str(error)) from None
    if out is None:
        click.echo(proposal.text, nl=False)
        for line in left_out:
            click.echo(line, err=True)
        return
    click.echo("\n".join([*proposal.summary, *left_out]))
    click.echo(f"{out}: read the reason above every feature, correct the tags, then")
    for command in commands_after_infer(data, out):
        click.echo(f"  {command}")


@schema.command()
@_DATA
@schema_option
def check(data: pathlib.Path, schema_path: pathlib.Path) -> None:
    """Hold every row of a log's spans against a schema; write nothing.

    Exit status: 0 all rows keep it, 1 the schema can't be used, 4 the log breaks it or is not
    there.
    """
    contract = load_contract(schema_path)
    with announced_imports(f"checking {data}", people_read_stderr=True):
        from cli.common.log_check_text import findings, summary
        from data.log.check_log import check_log

        found = check_log(contract, str(data))
    click.echo("\n".join(summary(contract, found)))
    wrong = findings(contract, found)
    if not wrong:
        click.echo("every row keeps the contract")
        return
    for line in wrong:
        click.echo(f"bad data: {line}", err=True)
    sys.exit(Outcome.BAD_DATA.value)
