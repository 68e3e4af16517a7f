"""Removing what old runs and versions of a work folder left behind.

Whoever calls holds the work folder, so that no run reads what is removed.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
from collections.abc import Iterable, Sequence

from components.model_registry import registry
from components.model_registry.places import located
from components.model_registry.rollback import version_before
from components.model_registry.version_pruning import prunable, prune_versions
from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.retention.artifacts import mark_deleted, unread
from pipeline.retention.config import RetentionConfig
from pipeline.retention.disk import disk_bytes
from pipeline.retention.work_runs import (
    WorkRun,
    kept_runs,
    open_store,
    recorded_runs,
    runs_of_executions,
    work_runs,
)


@dataclasses.dataclass(frozen=True)
class Pruned:
    """What was removed, or would be.

    Attributes:
      runs: names, oldest first; a run whose artifacts newer runs have too keeps those.
      versions: numbers, oldest first.
      bytes: on disk.
    """

    runs: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    bytes: int = 0


def prune(
    locations: Locations,
    retention: RetentionConfig,
    metadata: MetadataConfig,
    *,
    dry_run: bool = False,
) -> Pruned:
    """Removes what the retention does not keep.

    Of a run that is pruned these go: its folder of log and result, the artifacts that no kept run
    has, trainings that were stopped and the features of comparisons that are older than every
    kept run. Always kept are the runs of the live version and of the one before it.

    Args:
      locations: of the work folder, on this machine.
      retention: what is kept.
      metadata: where ML Metadata is.
      dry_run: whether to remove nothing.

    Raises:
      OSError: files can't be removed.
      RegistryError: the registry can't be read.
      SettingsError: the environment variable of the database's password is not set.
    """
    runs: Sequence[WorkRun] = ()
    size = 0
    if retention.keep_runs is not None:
        runs, size = _prune_runs(locations, retention.keep_runs, metadata, dry_run=dry_run)
    versions: tuple[registry.Entry, ...] = ()
    if retention.keep_versions is not None:
        path, keep = locations.registry_path, retention.keep_versions
        versions = prunable(path, keep)
        size += _total(pathlib.Path(located(path, x.pushed_destination)) for x in versions)
        if not dry_run:
            versions = prune_versions(path, keep)
    return Pruned(tuple(x.name for x in runs), tuple(x.version for x in versions), size)


def _prune_runs(
    locations: Locations, newest: int, metadata: MetadataConfig, *, dry_run: bool
) -> tuple[Sequence[WorkRun], int]:
    store = open_store(metadata, locations)
    recorded = recorded_runs(store)
    runs = work_runs(locations, recorded, shared=metadata.mysql is not None)
    kept = kept_runs(runs, newest, _runs_of_versions(locations))
    pruned = [run for run in runs if run not in kept]
    gone = {run_id for run in pruned for run_id in run.run_ids}
    root = pathlib.Path(locations.pipeline_root)
    found = unread(store, root, runs_of_executions(store), set(recorded) - gone)
    folders = [
        *found.folders,
        *(_untouched_since(runs[-newest].started, locations) if pruned else ()),
        *(run.folder for run in pruned if run.folder is not None),
    ]
    size = _total(folders)
    if not dry_run:
        # First: the cache must not find what is half removed. The runs' own folders go last, so
        # that a prune that was killed is done again.
        if store is not None:
            mark_deleted(store, found.artifacts)
        for folder in folders:
            shutil.rmtree(folder)
    # Of a run that an earlier prune has emptied only its record is left.
    return [x for x in pruned if x.folder or found.run_ids.intersection(x.run_ids)], size


def _runs_of_versions(locations: Locations) -> set[str]:
    """The runs that trained the live version and the one before it."""
    known = registry.entries(locations.registry_path)
    wanted = (known[-1], version_before(known)) if known else ()
    return {entry.run_id for entry in wanted if entry is not None}


def _untouched_since(time: float, locations: Locations) -> list[pathlib.Path]:
    """Trainings that were stopped, and features of comparisons, that no kept run has used."""
    parents = (pathlib.Path(locations.checkpoint_dir), pathlib.Path(locations.features_dir))
    folders = [path for parent in parents if parent.is_dir() for path in parent.iterdir()]
    return [x for x in folders if x.is_dir() and not x.is_symlink() and _touched(x) < time]


def _touched(folder: pathlib.Path) -> float:
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))


def _total(paths: Iterable[pathlib.Path]) -> int:
    return sum(disk_bytes(path) for path in paths)
