"""The artifacts of runs that are pruned, but for those that kept runs have too.

A run that takes a component's outputs from the cache has the artifacts of the run that made them,
so an old run's files may be a new one's. ML Metadata's events say whose they are. An artifact
is marked as deleted before its files are removed: TFX takes only live ones from its cache.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Collection, Mapping

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

_PARTS = 3
"""An artifact lies in `artifacts/COMPONENT/KEY/EXECUTION`."""


@dataclasses.dataclass(frozen=True)
class Unread:
    """What no kept run has.

    Attributes:
      folders: the files of artifacts, and what else their executions left.
      artifacts: those to mark as deleted.
      run_ids: the runs that these are of.
    """

    folders: tuple[pathlib.Path, ...] = ()
    artifacts: tuple[mlmd.Artifact, ...] = ()
    run_ids: frozenset[str] = frozenset()


def unread(
    store: metadata_store.MetadataStore | None,
    root: pathlib.Path,
    runs: Mapping[int, str],
    kept: Collection[str],
) -> Unread:
    """Finds what may be removed below the folder of artifacts.

    Folders of executions that ML Metadata does not know are left alone.

    Args:
      store: ML Metadata.
      root: the folder of artifacts.
      runs: the run of every execution, of `runs_of_executions`.
      kept: ids of the runs that are kept.
    """
    if store is None:
        return Unread()
    events = store.get_events_by_execution_ids(list(runs)) if runs else []
    read = {event.artifact_id for event in events if runs[event.execution_id] in kept}
    artifacts = store.get_artifacts()
    places = {_place(artifact.uri) for artifact in artifacts if artifact.id in read}
    folders = {
        folder: runs[execution]
        for folder, execution in execution_folders(root)
        if execution in runs
        and runs[execution] not in kept
        and folder.relative_to(root).as_posix() not in places
    }
    known = {event.artifact_id for event in events}
    gone = tuple(
        artifact
        for artifact in artifacts
        if artifact.id in known - read
        and artifact.state != mlmd.Artifact.DELETED
        # A copied work folder's record also has the first folder's files, which stay.
        and artifact.uri.startswith(f"{root}/")
    )
    return Unread(tuple(folders), gone, frozenset(folders.values()))


def mark_deleted(store: metadata_store.MetadataStore, artifacts: Collection[mlmd.Artifact]) -> None:
    """Marks artifacts as deleted, so that the cache passes over them."""
    for artifact in artifacts:
        artifact.state = mlmd.Artifact.DELETED
    if artifacts:
        store.put_artifacts(list(artifacts))


def execution_folders(root: pathlib.Path) -> list[tuple[pathlib.Path, int]]:
    """Returns the folders below `root` that belong to an execution, and its id."""
    found = [*root.glob("*/*/*"), *root.glob("*/.system/*/*")]
    return [(x, int(x.name)) for x in found if x.name.isdecimal() and not x.is_symlink()]


def _place(uri: str) -> str:
    return "/".join(uri.rstrip("/").split("/")[-_PARTS:])
