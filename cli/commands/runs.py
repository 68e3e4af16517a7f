"""`polyrank runs`: how every run and comparison of a work folder ended, and what was pushed."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.markup import escape
from rich.table import Table

from cli.common.console import console_on
from cli.common.terminal import silent_imports
from cli.runs.kinds import COMPARE, RUN, STARTED
from cli.runs.retention_text import sizes_table
from common.json_files import to_text

if TYPE_CHECKING:
    from pipeline.locations import Locations
    from pipeline.retention.sizes import Sizes


@click.command()
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--sizes", is_flag=True, help="Show what is on disk: by run, by version, the rest.")
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def runs(work_dir: str, sizes: bool, as_json: bool) -> None:
    """List a work folder's runs, comparisons and pushed versions, oldest first."""
    from components.model_registry import registry
    from pipeline.locations import Locations

    folder = pathlib.Path(work_dir).absolute()
    if not folder.is_dir():
        raise click.UsageError(f"--work-dir {folder} does not exist")
    locations = Locations(str(folder), "")
    found = read_runs(pathlib.Path(locations.runs_dir))
    versions = [x.model_dump(mode="json") for x in registry.entries(locations.registry_path)]
    on_disk = _on_disk(locations) if sizes else None
    if as_json:
        shown = {"sizes": dataclasses.asdict(on_disk)} if on_disk else {}
        click.echo(to_text({"runs": found, "versions": versions, **shown}))
        return
    console = console_on(sys.stdout)
    console.print(_runs_table(found))
    console.print(_versions_table(versions))
    if on_disk:
        console.print(sizes_table(on_disk))


def _on_disk(locations: Locations) -> Sizes:
    with silent_imports():
        from pipeline.config import MetadataConfig
        from pipeline.retention.sizes import work_folder_sizes

    return work_folder_sizes(locations, MetadataConfig())


def read_runs(folder: pathlib.Path) -> list[dict[str, Any]]:
    """Returns what is known of every run and comparison, oldest first.

    Of each `run`, `kind` (`run` or `compare`), `status` and `reason`; of a run `model` and
    `version`, of a comparison `models`, `best` and those `tied` with it. One without a result is
    still running or was killed.

    Args:
      folder: of one folder a run.
    """
    found = []
    for directory in sorted(path for path in folder.glob("*") if path.is_dir()):
        document = {"kind": RUN, **_object(directory / STARTED, "")}
        document |= _object(directory / "result.json", "no result: running, or killed")
        names: tuple[str, ...] = ("status", "model", "version", "reason")
        names += ("models", "best", "tied") if document["kind"] == COMPARE else ()
        facts = {name: document.get(name) for name in names}
        found.append({"run": directory.name, "kind": document["kind"], **facts})
    return found


def _object(path: pathlib.Path, status_without: str) -> dict[str, Any]:
    """A file's JSON object; where there is none, a status that says so."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"status": status_without}
    except (OSError, ValueError) as error:
        return {"status": f"{path.name} can't be read: {error}"}
    if isinstance(document, dict) and document:
        return document
    return {"status": f"{path.name} can't be read: it holds no JSON object of a run"}


def _table(title: str, columns: tuple[str, ...], last: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=True)
    table.add_column(last, overflow="fold")
    return table


def _runs_table(found: list[dict[str, Any]]) -> Table:
    table = _table("Runs", ("run", "kind", "model", "version"), "how it ended")
    for run in found:
        ended = [run["status"] or "no status"]
        if run["reason"] and run["status"] != "pushed":
            ended.append(run["reason"])
        models = run.get("models") or ()
        if models:
            ended.insert(0, ", ".join(models))
        table.add_row(
            run["run"][:15],
            run["kind"],
            f"{len(models)} models" if models else run["model"] or "-",
            run["version"] or "-",
            escape(": ".join(ended)),
        )
    return table


def _versions_table(versions: list[dict[str, Any]]) -> Table:
    table = _table("Pushed versions", ("version", "pushed (UTC)", "model", "last span"), "")
    for number, version in enumerate(versions, start=1):
        gate = ", ".join(f"{count} {name}" for name, count in version["gate"].items() if count)
        notes = ["live"] if number == len(versions) else []
        notes += [f"copy of {version['rollback_of']}"] if version["rollback_of"] else []
        notes += [f"pruned {version['pruned'][:10]}"] if version["pruned"] else []
        table.add_row(
            version["version"],
            version["time"][:19].replace("T", " "),
            version["model"] or "-",
            version["spans"][-1] if version["spans"] else "-",
            "; ".join([*notes, gate]),
        )
    return table
