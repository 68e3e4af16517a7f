"""`polyrank prune`: removes what old runs and versions of a work folder left behind."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import click

from cli.common.terminal import silent_imports
from common.json_files import to_text

if TYPE_CHECKING:
    from pipeline.config import MetadataConfig
    from pipeline.retention.config import RetentionConfig


@click.command()
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--keep-runs", type=click.IntRange(min=1), help="Runs to keep, the newest.")
@click.option(
    "--keep-versions",
    type=click.IntRange(min=2),
    help="Pushed versions to keep, the newest; the live one and the one before it always are.",
)
@click.option(
    "--config",
    help="A YAML file or preset: its `retention`, where no option says more, and its `metadata`.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be removed; remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="End stdout with one JSON object.")
def prune(
    work_dir: str,
    keep_runs: int | None,
    keep_versions: int | None,
    config: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove old runs' artifacts, logs and results, and old versions' files.

    What newer runs have from the cache, the live version, the one before it and the runs that
    trained them are kept. It waits for no run: a folder that a run holds is refused.
    """
    folder = pathlib.Path(work_dir).resolve()
    if not folder.is_dir():
        raise click.UsageError(f"--work-dir {folder} does not exist")
    with silent_imports():
        from cli.common.work_folder import only_run_in
        from cli.runs.retention_text import pruned_line
        from pipeline.locations import Locations
        from pipeline.retention.prune import prune as prune_folder

    retention, metadata = _settings(config, keep_runs, keep_versions)
    locations = Locations(str(folder), "")
    if retention.keep_runs is not None and metadata.mysql is None:
        _check_metadata(locations.metadata_path, pathlib.Path(locations.pipeline_root))
    with only_run_in(folder):
        pruned = prune_folder(locations, retention, metadata, dry_run=dry_run)
    if as_json:
        status = "would be pruned" if dry_run else "pruned"
        found = {"runs": pruned.runs, "versions": pruned.versions, "bytes": pruned.bytes}
        click.echo(to_text({"status": status, **found}))
        return
    for name in pruned.runs:
        click.echo(f"  run {name}")
    for version in pruned.versions:
        click.echo(f"  version {version}")
    click.echo(pruned_line(pruned, dry_run=dry_run))


def _settings(
    config: str | None, keep_runs: int | None, keep_versions: int | None
) -> tuple[RetentionConfig, MetadataConfig]:
    from pipeline.config import MetadataConfig
    from pipeline.config_files import load_config
    from pipeline.presets import config_path
    from pipeline.retention.config import RetentionConfig

    retention, metadata = RetentionConfig(), MetadataConfig()
    if config is not None:
        settings = load_config(config_path(config))
        retention, metadata = settings.retention, settings.metadata
    given = {"keep_runs": keep_runs, "keep_versions": keep_versions}
    retention = retention.model_copy(update={k: v for k, v in given.items() if v is not None})
    if retention == RetentionConfig():
        raise click.UsageError(
            "nothing says what to keep: give --keep-runs or --keep-versions, or a --config with "
            "`retention`"
        )
    return retention, metadata


def _check_metadata(path: str, artifacts: pathlib.Path) -> None:
    """Without its record, what newer runs have of older ones can't be seen."""
    if artifacts.is_dir() and not pathlib.Path(path).is_file():
        raise click.UsageError(
            f"{path} does not exist, which says whose artifacts are whose; where ML Metadata is in "
            "a database, give the --config that names it"
        )
