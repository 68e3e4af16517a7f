"""ML Metadata's SQLite file: whether a run can use it, and what may be deleted where it can't."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3

from common.errors import PolyrankError
from pipeline.locations import Locations

_SECONDS_UNTIL_LOCKED = 5.0


class MetadataFileError(PolyrankError):
    """A SQLite file that runs can't use."""


def check_metadata_file(locations: Locations) -> None:
    """Reads the whole file, as ML Metadata does not: a damaged page would end a run in its middle.

    Raises:
      MetadataFileError: the file is damaged, empty, gone, locked, a folder, or can't be written.
    """
    path = pathlib.Path(locations.metadata_path)
    if path.is_dir():
        raise MetadataFileError(
            f"{path} is a folder; it is the file of ML Metadata. Move the folder away"
        )
    size = path.stat().st_size if path.exists() else None
    if not size:
        if _has_artifacts(locations):
            what = "is gone" if size is None else "is empty (0 bytes)"
            raise MetadataFileError(
                f"{path} {what}, and {locations.pipeline_root} holds what earlier runs made. Runs "
                "would be numbered from 1 again, and their files mixed with those. "
                f"{what_may_be_deleted(locations)}"
            )
        return
    # SQLite takes a lock of a file that it can't write without a word, and writes next to it.
    if not all(os.access(place, os.W_OK, effective_ids=True) for place in (path, path.parent)):
        raise MetadataFileError(
            f"{path} can't be written. Runs write to this file and next to it: give your user the "
            "right to, or another --work-dir. Nothing need be deleted"
        )
    try:
        # Not `with connect(...)`, which commits and leaves the file open.
        with contextlib.closing(sqlite3.connect(path, timeout=_SECONDS_UNTIL_LOCKED)) as database:
            # What is locked fails here, and not at the first component.
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
            problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise MetadataFileError(
            f"{path}: {error}. Another program, such as a database browser, may be using it: close "
            "it. Nothing need be deleted"
        ) from None
    except sqlite3.DatabaseError as error:
        problem = str(error)
    if problem != "ok":
        problem = " ".join(str(problem).split())
        raise MetadataFileError(
            f"{path}, the file of ML Metadata, is damaged: {problem}. Restore it from a backup. "
            f"Or: {what_may_be_deleted(locations)}"
        )


def what_may_be_deleted(locations: Locations) -> str:
    """Says what to delete to go on without the file, what that loses and what it leaves."""
    return (
        f"Delete (or move away) {locations.metadata_path} and {locations.pipeline_root} together. "
        "That loses the cache, so that the next run does everything again, and the artifacts of "
        f"earlier runs. It loses no data, no pushed version ({locations.work_dir}/serving), not "
        f"{locations.registry_path}, from which the next run takes its baseline, and not "
        f"{locations.runs_dir}, which `polyrank runs` lists"
    )


def _has_artifacts(locations: Locations) -> bool:
    """Whether there are folders `component/output/number`, as local runs number them."""
    folders = pathlib.Path(locations.pipeline_root).glob("*/*/*")
    return any(folder.name.isdigit() and folder.is_dir() for folder in folders)
