"""Making an older version live again, as a new version that is a copy of it.

TF Serving serves the largest number, and the registry is only appended to: so a rollback is
one more version. It is live at once, and, being the registry's last, the next run's baseline.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
import time

from common.atomic_files import whole_folder
from common.errors import PolyrankError
from common.suggestions import nearest
from common.version_folders import LARGEST_VERSION, version_number
from components.model_registry import registry
from components.model_registry.registry import Entry


class RollbackError(PolyrankError):
    """A version that can't be made live again."""


def roll_back(registry_path: str, version: str | None = None) -> Entry:
    """Makes a version live again and registers that.

    The files are copied beside it under a name that no server watches, and renamed when they
    are all there. A run that made the older version still knows it as its own
    (`run_fingerprint`), so that a repeated run is not compared with itself.

    Args:
      registry_path: the registry, on this machine.
      version: a registered version; None for the last one that is other than the live one.

    Returns:
      The new entry.

    Raises:
      RollbackError: there is no such version, it is live already, or its files are gone.
      RegistryError: the registry can't be read.
    """
    known = registry.entries(registry_path)
    if not known:
        raise RollbackError(f"{registry_path} holds no pushed version; nothing can be rolled back")
    chosen = _chosen(known, version)
    source = pathlib.Path(chosen.pushed_destination)
    if not (source / "saved_model.pb").is_file():
        raise RollbackError(
            f"version {chosen.version} is not in {source} any more; restore its files, or choose "
            "another version"
        )
    numbers = [version_number(path.name) or 0 for path in source.parent.iterdir()]
    following = max(int(time.time()), max(numbers) + 1)
    if following > LARGEST_VERSION:
        raise RollbackError(
            f"{source.parent} holds version {max(numbers)}, above which servers know no number; "
            "move it away and roll back again"
        )
    number = str(following)
    destination = source.with_name(number)
    try:
        with whole_folder(destination) as unfinished:
            shutil.copytree(source, unfinished, dirs_exist_ok=True)
    except OSError as error:
        raise RollbackError(f"version {chosen.version} can't be copied: {error}") from None
    entry = chosen.model_copy(
        update={
            "version": number,
            "pushed_destination": os.fspath(destination),
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "rollback_of": _original(chosen),
        }
    )
    registry.append(registry_path, entry)
    return entry


def _original(entry: Entry) -> str:
    """The version that was trained: a copy of a copy is its copy too."""
    return entry.rollback_of or entry.version


def _chosen(known: tuple[Entry, ...], version: str | None) -> Entry:
    live = known[-1]
    if version is None:
        for entry in reversed(known):
            if _original(entry) != _original(live):
                return entry
        raise RollbackError(f"version {live.version} is the only one; there is none to go back to")
    found = [entry for entry in known if entry.version == version]
    if not found:
        names = [entry.version for entry in known]
        raise RollbackError(f"version '{version}' was never pushed; {nearest(version, names)}")
    if _original(found[0]) == _original(live):
        raise RollbackError(f"version {version} is live already")
    return found[0]
