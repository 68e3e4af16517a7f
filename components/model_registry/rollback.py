"""Making an older version live again, as a new version that is a copy of it.

TF Serving serves the largest number, and the registry is only appended to: so a rollback is
one more version. It is live at once, and, being the registry's last, the next run's baseline.
It holds the registry, not the work folder: a run that is going on does not keep it waiting, and
refuses to push over it (`live.check_unchanged`).
"""

from __future__ import annotations

import datetime
import pathlib
import shutil
import time

from common.errors import PolyrankError
from common.suggestions import nearest
from common.version_folders import LARGEST_VERSION, version_number
from components.model_registry import registry
from components.model_registry.places import OutsideError, located
from components.model_registry.publish import copying_folder, publish_locked, settle_locked
from components.model_registry.registry import Entry

MODEL_FILE = "saved_model.pb"


class RollbackError(PolyrankError):
    """A version that can't be made live again."""


def roll_back(registry_path: str, version: str | None = None) -> Entry:
    """Makes a version live again and registers that.

    The files are copied next to it under a name that no server watches, and renamed when they
    are all there. A run that made the older version still knows it as its own
    (`run_fingerprint`), so that a repeated run is not compared with itself.

    Args:
      registry_path: the registry, on this machine.
      version: a registered version; None for the last one that is other than the live one.

    Returns:
      The new entry; where an earlier rollback to the same version was killed before its end, that
      one's, which is finished.

    Raises:
      RollbackError: there is no such version, it is live already, its files are gone or lie
        outside of the registry's folder, or another version was made live in the same moment.
      RegistryError: the registry can't be read.
    """
    seen = registry.entries(registry_path)
    if not seen:
        raise RollbackError(f"{registry_path} holds no pushed version; nothing can be rolled back")
    with registry.locked(registry_path):
        finished = settle_locked(registry_path)
        known = registry.entries(registry_path)
        if known[-1].version != seen[-1].version:
            raise RollbackError(
                f"version {known[-1].version} was made live while this command waited for the "
                "registry: look at polyrank runs, and roll back again if that is still wanted"
            )
        # Who repeats a command that was killed does not want what that went away from.
        if finished and known[-1].rollback_of and version in (None, known[-1].rollback_of):
            return known[-1]
        chosen = _chosen(registry_path, known, version)
        return _copied(registry_path, chosen)


def _copied(registry_path: str, chosen: Entry) -> Entry:
    source = _place(registry_path, chosen)
    if not (source / MODEL_FILE).is_file():
        raise RollbackError(
            f"version {chosen.version} is not in {source} any more; restore its files, or choose "
            "another version"
        )
    number = _next_number(source.parent)
    entry = chosen.model_copy(
        update={
            "version": number,
            "pushed_destination": str(source.with_name(number)),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "rollback_of": _original(chosen),
        }
    )
    try:
        with copying_folder(source.parent, number) as unfinished:
            shutil.copytree(source, unfinished, dirs_exist_ok=True)
            publish_locked(registry_path, unfinished, entry)
    except OSError as error:
        raise RollbackError(f"version {chosen.version} can't be copied: {error}") from None
    return registry.entries(registry_path)[-1]


def _next_number(folder: pathlib.Path) -> str:
    largest = max(version_number(path.name) or 0 for path in folder.iterdir())
    following = max(int(time.time()), largest + 1)
    if following > LARGEST_VERSION:
        raise RollbackError(
            f"{folder} holds version {largest}, above which servers know no number; move it away "
            "and roll back again"
        )
    return str(following)


def _place(registry_path: str, entry: Entry) -> pathlib.Path:
    try:
        return pathlib.Path(located(registry_path, entry.pushed_destination))
    except OutsideError as error:
        raise RollbackError(f"version {entry.version} can't be made live here: {error}") from None


def _original(entry: Entry) -> str:
    """The version that was trained: a copy of a copy is its copy too."""
    return entry.rollback_of or entry.version


def _chosen(registry_path: str, known: tuple[Entry, ...], version: str | None) -> Entry:
    live = known[-1]
    if version is None:
        before = version_before(known)
        if before is None:
            raise RollbackError(
                f"version {live.version} is the only one; there is none to go back to"
            )
        return before
    found = [entry for entry in known if entry.version == version]
    if not found:
        names = [entry.version for entry in known]
        raise RollbackError(f"version '{version}' was never pushed; {nearest(version, names)}")
    chosen = found[0]
    if chosen.pruned:
        kept = ", ".join(entry.version for entry in known if not entry.pruned)
        raise RollbackError(
            f"version {version} was pruned at {chosen.pruned}, and its files are gone; there are "
            f"{kept}"
        )
    if _original(chosen) == _original(live) and _is_whole(registry_path, live):
        raise RollbackError(f"version {version} is live already")
    return chosen


def _is_whole(registry_path: str, entry: Entry) -> bool:
    try:
        return pathlib.Path(located(registry_path, entry.pushed_destination), MODEL_FILE).is_file()
    except OutsideError:
        return False


def version_before(known: tuple[Entry, ...]) -> Entry | None:
    """The version that a rollback without a number goes back to; None where there is none.

    Args:
      known: the registry's entries, oldest first, at least one.
    """
    others = [x for x in known if _original(x) != _original(known[-1]) and not x.pruned]
    return others[-1] if others else None
