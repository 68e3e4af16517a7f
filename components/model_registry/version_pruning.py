"""Removing the files of pushed versions; the registry remembers them, and when they went.

An entry is marked before its files are touched, and the folder gets a hidden name before its
files are removed: a program that is killed leaves no version that looks whole and is not, and
the next one removes what is left.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil

from common.version_folders import version_number
from components.model_registry import registry
from components.model_registry.live import standing
from components.model_registry.places import OutsideError, located
from components.model_registry.publish import settle_locked
from components.model_registry.registry import Entry
from components.model_registry.rollback import version_before

_ENDING = ".pruned"


def prunable(registry_path: str | os.PathLike[str], keep: int) -> tuple[Entry, ...]:
    """Returns the versions whose files may be removed, oldest first.

    Never among them are the live version, the one that a rollback goes back to, the one that a
    repeated run of the live version's is compared with, and what a server takes: the largest
    number of its folder. A version outside of the work folder is left alone.

    Args:
      registry_path: the registry, on this machine.
      keep: how many of the newest versions that have files are kept.

    Raises:
      RegistryError: the registry can't be read.
    """
    known = registry.entries(registry_path)
    if not known:
        return ()
    live = known[-1]
    before = version_before(known), standing(registry_path, live.run_fingerprint).compared
    needed = {entry.pushed_destination for entry in (live, *before) if entry is not None}
    present = [
        (entry, place)
        for entry in known
        if (place := _folder(registry_path, entry)) is not None and not entry.pruned
    ]
    return tuple(
        entry
        for entry, place in present[:-keep]
        if entry.pushed_destination not in needed and not _is_largest(place)
    )


def prune_versions(registry_path: str | os.PathLike[str], keep: int) -> tuple[Entry, ...]:
    """Removes the files of `prunable` versions, and what a killed program left of others.

    Args:
      registry_path: the registry, on this machine.
      keep: how many of the newest versions that have files are kept.

    Returns:
      The versions that were pruned, oldest first.

    Raises:
      OSError: files can't be removed.
      RegistryError: the registry can't be read.
    """
    if not pathlib.Path(registry_path).is_file():
        return ()
    with registry.locked(registry_path):
        settle_locked(registry_path)
        chosen = prunable(registry_path, keep)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        known = [
            entry.model_copy(update={"pruned": now}) if entry in chosen else entry
            for entry in registry.entries(registry_path)
        ]
        if chosen:
            registry.write(registry_path, known)
        # Nothing makes a pruned version live again, so this needs no lock; but a rollback or
        # a push must not meet a folder that is half gone.
        hidden = [_hide(registry_path, entry) for entry in known if entry.pruned]
    folders = {folder.parent for folder in hidden if folder is not None}
    for folder in folders:
        for leftover in folder.glob(f".*{_ENDING}"):
            shutil.rmtree(leftover)
    return chosen


def _hide(registry_path: str | os.PathLike[str], entry: Entry) -> pathlib.Path | None:
    """Gives a version's folder a name that no server watches; returns that."""
    try:
        place = pathlib.Path(located(registry_path, entry.pushed_destination))
    except OutsideError:
        return None
    hidden = place.with_name(f".{place.name}{_ENDING}")
    if place.is_dir() and not hidden.exists():
        place.rename(hidden)
    return hidden


def _folder(registry_path: str | os.PathLike[str], entry: Entry) -> pathlib.Path | None:
    try:
        place = pathlib.Path(located(registry_path, entry.pushed_destination))
    except OutsideError:
        return None
    return place if place.is_dir() else None


def _is_largest(place: pathlib.Path) -> bool:
    numbers = [version_number(path.name) or 0 for path in place.parent.iterdir()]
    return version_number(place.name) == max(numbers)
