"""The runs of a work folder: their folders, and what ML Metadata knows of them."""

from __future__ import annotations

import bisect
import dataclasses
import datetime
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from ml_metadata import errors, metadata_store

from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.metadata import open_with

_RUN = "pipeline_run"


@dataclasses.dataclass(frozen=True)
class WorkRun:
    """One run of a work folder.

    Attributes:
      name: its folder's, or ML Metadata's id of a run without one, such as the `tfx` command's.
      started: seconds since the epoch.
      folder: of its log and its result; None where it has none.
      run_ids: ML Metadata's ids; empty where the run ended before its first component.
    """

    name: str
    started: float
    folder: pathlib.Path | None
    run_ids: tuple[str, ...] = ()


def open_store(
    metadata: MetadataConfig, locations: Locations
) -> metadata_store.MetadataStore | None:
    """Opens ML Metadata; None where no run has made it yet.

    Raises:
      PolyrankError: the database does not answer; says which.
      SettingsError: the environment variable of its password is not set.
    """
    if metadata.mysql is None and not pathlib.Path(locations.metadata_path).is_file():
        return None
    return open_with(metadata_store.MetadataStore, metadata, locations)


def recorded_runs(store: metadata_store.MetadataStore | None) -> dict[str, float]:
    """Returns the ids of ML Metadata's runs and when each began, in seconds since the epoch."""
    if store is None:
        return {}
    try:
        contexts = store.get_contexts_by_type(_RUN)
    except errors.NotFoundError:
        return {}
    return {context.name: context.create_time_since_epoch / 1000 for context in contexts}


def runs_of_executions(store: metadata_store.MetadataStore | None) -> dict[int, str]:
    """Returns the run of every execution of a component, by the execution's id."""
    if store is None or not recorded_runs(store):
        return {}
    return {
        execution.id: context.name
        for context in store.get_contexts_by_type(_RUN)
        for execution in store.get_executions_by_context(context.id)
    }


def work_runs(
    locations: Locations, recorded: Mapping[str, float], *, shared: bool
) -> list[WorkRun]:
    """Returns the runs of a work folder, oldest first.

    A folder says when its run began, and its result when it ended. What ML Metadata recorded in
    between is that run's: runs of a work folder exclude each other.

    Args:
      locations: of the work folder.
      recorded: of `recorded_runs`.
      shared: whether ML Metadata may have other work folders' runs: those without a folder here
        are then left out.
    """
    folders = _folders(pathlib.Path(locations.runs_dir))
    starts = [started for started, _ in folders]
    ids: dict[pathlib.Path, list[str]] = {folder: [] for _, folder in folders}
    others = []
    for run_id, began in recorded.items():
        place = bisect.bisect_right(starts, began) - 1
        if place >= 0 and began <= _ended(folders[place][1]):
            ids[folders[place][1]].append(run_id)
        elif not shared:
            others.append(WorkRun(run_id, began, None, (run_id,)))
    found = [WorkRun(x.name, started, x, tuple(ids[x])) for started, x in folders]
    return sorted([*found, *others], key=lambda run: run.started)


def kept_runs(runs: Sequence[WorkRun], newest: int, run_ids: Iterable[str]) -> tuple[WorkRun, ...]:
    """Returns the newest runs, and those with one of the given ids of ML Metadata."""
    wanted = set(run_ids)
    return tuple(
        run
        for place, run in enumerate(runs)
        if place >= len(runs) - newest or wanted.intersection(run.run_ids)
    )


def _folders(parent: pathlib.Path) -> list[tuple[float, pathlib.Path]]:
    """The folders of runs, by the time that is their name; others are not ours."""
    found = []
    for folder in parent.iterdir() if parent.is_dir() else ():
        try:
            began = datetime.datetime.strptime(folder.name, "%Y%m%dT%H%M%S.%f")
        except ValueError:
            continue
        found.append((began.replace(tzinfo=datetime.timezone.utc).timestamp(), folder))
    return sorted(found)


def _ended(folder: pathlib.Path) -> float:
    """When a run ended; never, where it left no result: it was killed."""
    result = folder / "result.json"
    return result.stat().st_mtime if result.is_file() else float("inf")
