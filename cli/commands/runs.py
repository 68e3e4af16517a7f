"""`polyrank runs`: how every run of a work folder ended, and what was pushed."""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from cli.common.console import console_on
from common.json_files import to_text


@click.command()
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def runs(work_dir: str, as_json: bool) -> None:
    """List the runs of a work folder and its pushed versions, oldest first."""
    from components.model_registry import registry
    from pipeline.locations import Locations

    folder = pathlib.Path(work_dir).absolute()
    if not folder.is_dir():
        raise click.UsageError(f"--work-dir {folder} does not exist")
    locations = Locations(str(folder), "")
    found = read_runs(pathlib.Path(locations.runs_dir))
    versions = [x.model_dump(mode="json") for x in registry.entries(locations.registry_path)]
    if as_json:
        click.echo(to_text({"runs": found, "versions": versions}))
        return
    console = console_on(sys.stdout)
    console.print(_runs_table(found))
    console.print(_versions_table(versions))


def read_runs(folder: pathlib.Path) -> list[dict[str, Any]]:
    """Returns `run`, `status`, `model`, `version` and `reason` of every run, oldest first.

    A run without a result is still running or was killed.

    Args:
      folder: of one folder a run.
    """
    found = []
    for directory in sorted(folder.iterdir()) if folder.is_dir() else ():
        document: dict[str, Any] = {}
        try:
            document = json.loads((directory / "result.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            document["status"] = "no result: running, or killed"
        except ValueError as error:
            document["status"] = f"result.json can't be read: {error}"
        names = ("status", "model", "version", "reason")
        found.append({"run": directory.name, **{name: document.get(name) for name in names}})
    return found


def _table(title: str, columns: tuple[str, ...], last: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _runs_table(found: list[dict[str, Any]]) -> Table:
    table = _table("Runs", ("run", "model", "version"), "how it ended")
    for run in found:
        ended = [run["status"]]
        if run["reason"] and run["status"] != "pushed":
            ended.append(run["reason"])
        table.add_row(
            run["run"][:15], run["model"] or "-", run["version"] or "-", escape(": ".join(ended))
        )
    return table


def _versions_table(versions: list[dict[str, Any]]) -> Table:
    table = _table("Pushed versions", ("version", "pushed (UTC)", "model", "last span"), "")
    for number, version in enumerate(versions, start=1):
        gate = ", ".join(f"{count} {name}" for name, count in version["gate"].items() if count)
        notes = ["live"] if number == len(versions) else []
        notes += [f"copy of {version['rollback_of']}"] if version["rollback_of"] else []
        table.add_row(
            version["version"],
            version["time"][:19].replace("T", " "),
            version["model"] or "-",
            version["spans"][-1] if version["spans"] else "-",
            "; ".join([*notes, gate]),
        )
    return table
