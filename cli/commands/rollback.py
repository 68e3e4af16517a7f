"""`polyrank rollback`: an older pushed version live again."""

from __future__ import annotations

import pathlib

import click

from common.atomic_files import is_remote
from common.json_files import to_text


@click.command()
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--version", help="The version to make live; else the one before the live one.")
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def rollback(work_dir: str, version: str | None, as_json: bool) -> None:
    """Make an older pushed version live again.

    It is pushed once more, as a copy with a new and larger number, which servers load within
    seconds. The next run is compared with it, and not with what was rolled back. A run that is
    going on does not keep it waiting, and will refuse to push over it.
    """
    from components.model_registry.rollback import roll_back
    from pipeline.locations import Locations

    folder = pathlib.Path(work_dir).absolute()
    registry_path = Locations(str(folder), "").registry_path
    if is_remote(work_dir):
        raise click.UsageError(
            f"--work-dir {work_dir} is no folder of this machine: mount the bucket, and name the "
            "folder that it is mounted at"
        )
    if not folder.is_dir():
        raise click.UsageError(f"--work-dir {folder} does not exist")
    entry = roll_back(registry_path, version)
    if as_json:
        click.echo(to_text({"status": "rolled back", **entry.model_dump(mode="json")}))
    else:
        click.echo(f"rolled back: version {entry.version} is a copy of {entry.rollback_of}")
