"""What a work folder holds on disk: by run, by version, and the rest."""

from __future__ import annotations

import dataclasses
import pathlib
from collections import Counter

from pipeline.config import MetadataConfig
from pipeline.locations import Locations
from pipeline.retention.disk import entries_below
from pipeline.retention.work_runs import open_store, recorded_runs, runs_of_executions, work_runs

_RUNS, _VERSIONS = "runs", "versions"
_SHOWN = ("artifacts", "checkpoints", "comparison", "data", "features", "metadata")


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Bytes on disk; everything is counted once, so that all of it adds up to `total`.

    Attributes:
      runs: by run, oldest first: its log, its result, and the artifacts that it made itself. What
        it took from the cache counts for the run that made it.
      versions: by `NAME/VERSION` of the folder of versions.
      other: what is shared, by kind.
      total: what `du -s` says of the work folder.
    """

    runs: dict[str, int]
    versions: dict[str, int]
    other: dict[str, int]
    total: int


def work_folder_sizes(locations: Locations, metadata: MetadataConfig) -> Sizes:
    """Counts what is below a work folder.

    Args:
      locations: of the work folder, on this machine.
      metadata: where ML Metadata is; without it, artifacts belong to no run.
    """
    store = open_store(metadata, locations)
    runs = work_runs(locations, recorded_runs(store), shared=metadata.mysql is not None)
    names = {run_id: run.name for run in runs for run_id in run.run_ids}
    made_by = {
        execution: names[run_id]
        for execution, run_id in runs_of_executions(store).items()
        if run_id in names
    }
    folder = pathlib.Path(locations.work_dir)
    found: Counter[tuple[str, str]] = Counter({(_RUNS, run.name): 0 for run in runs})
    for path, size in entries_below(folder):
        found[_kind(path.relative_to(folder).parts, made_by)] += size
    return Sizes(
        runs={name: size for (kind, name), size in found.items() if kind == _RUNS},
        versions={name: size for (kind, name), size in found.items() if kind == _VERSIONS},
        other={kind: size for (kind, name), size in sorted(found.items()) if not name},
        total=sum(found.values()),
    )


def _kind(parts: tuple[str, ...], made_by: dict[int, str]) -> tuple[str, str]:
    """Where a path belongs: a kind, and the name of a run or a version, else nothing."""
    first = parts[0] if parts else ""
    if first == "artifacts":
        number = next((x for x in parts[3:5] if x.isdecimal()), "")
        name = made_by.get(int(number or -1))
        return (_RUNS, name) if name else ("artifacts", "")
    if first == "runs" and len(parts) > 1:
        return _RUNS, parts[1]
    if first == "serving" and len(parts) > 2:
        return _VERSIONS, f"{parts[1]}/{parts[2]}"
    if first.startswith("metadata.sqlite"):
        return "metadata", ""
    return (first if first in _SHOWN else "other"), ""
