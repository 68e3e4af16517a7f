"""`polyrank runs`: how every run of a work folder ended, and what was pushed."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table


@click.command()
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def runs(work_dir: str, as_json: bool) -> None:
    """List the runs of a work folder and its pushed versions, oldest first."""
    from components import registry
    from pipeline.locations import Locations

    folder = pathlib.Path(work_dir).absolute()
    if not folder.is_dir():
        raise click.UsageError(f"--work-dir {folder} does not exist")
    locations = Locations(str(folder), "")
    found = read_runs(pathlib.Path(locations.runs_dir))
    versions = [x.model_dump(mode="json") for x in registry.entries(locations.registry_path)]
    if as_json:
        click.echo(json.dumps({"runs": found, "versions": versions}))
        return
    console = Console()
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


def _runs_table(found: list[dict[str, Any]]) -> Table:
    table = Table(title="Runs", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("run", "status", "model", "version"):
        table.add_column(name, no_wrap=name != "status")
    table.add_column("reason", overflow="fold")
    for run in found:
        table.add_row(*(str(run[name] or "-") for name in run))
    return table


def _versions_table(versions: list[dict[str, Any]]) -> Table:
    table = Table(title="Pushed versions", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("version", "pushed (UTC)", "model", "spans", "gate", ""):
        table.add_column(name, no_wrap=name in ("version", "pushed (UTC)"))
    for number, version in enumerate(versions, start=1):
        spans = version["spans"]
        notes = [f"copy of {version['rollback_of']}"] if version["rollback_of"] else []
        notes += ["live"] if number == len(versions) else []
        table.add_row(
            version["version"],
            version["time"][:19].replace("T", " "),
            version["model"] or "-",
            f"{spans[0]} to {spans[-1]}" if spans else "-",
            ", ".join(f"{count} {verdict}" for verdict, count in version["gate"].items() if count),
            ", ".join(notes),
        )
    return table
