"""The registry: every version that was really pushed, oldest first.

One JSON file, `{"versions": [Entry, ...]}`. Entries are only ever appended; what is added to one
later is what its run found, and when its files were pruned. The last entry is the live version
and the next run's baseline (`live`). The file may lie in an object store, which replaces a file
as a whole but has no locks: there, two programs must not write at the same moment.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pathlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import pydantic

from common.atomic_files import is_remote, remote_files
from common.errors import PolyrankError
from common.json_files import write_json
from common.settings import Settings
from components.model_registry.places import relative_place

_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)


class RegistryError(PolyrankError):
    """A registry file that can't be read or written."""


class Entry(Settings):
    """One pushed version.

    Attributes:
      version: the pushed version's number, as the model server shows it.
      pushed_destination: the folder that was pushed, relative to the registry's; absolute where an
        earlier revision registered it (`places.located` reads both).
      run_fingerprint: what identifies the run's configuration and data, not its time: a run
        that is repeated unchanged has the same one.
      run_id: the run that pushed it.
      time: when it was registered, UTC, ISO 8601.
      spans: the dates it learned from.
      model: the architecture's name.
      schema_digest: sha256 of the contract.
      gate: counts of the gate's verdicts.
      scenarios: those of the contract; empty where an older run registered it.
      rollback_of: the version that this one is a copy of, made live again; None for one that
        was trained.
      pruned: when its files were removed, UTC, ISO 8601; None while they are kept.
    """

    version: str
    pushed_destination: str
    run_fingerprint: str
    run_id: str
    time: str
    spans: tuple[str, ...]
    model: str
    schema_digest: str
    gate: dict[str, int]
    scenarios: tuple[str, ...] = ()
    rollback_of: str | None = None
    pruned: str | None = None


def entries(path: str | os.PathLike[str]) -> tuple[Entry, ...]:
    """Reads all entries, oldest first; a file that does not exist yet holds none.

    Raises:
      RegistryError: the file is no registry.
    """
    try:
        text = _read(os.fspath(path))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"registry {path} can't be read: {error}") from None
    try:
        versions = json.loads(text)["versions"]
        return tuple(Entry.model_validate(version) for version in versions)
    except (ValueError, KeyError, TypeError, pydantic.ValidationError) as error:
        raise RegistryError(
            f"registry {path} is corrupt ({_first_line(error)}); restore it from a backup, or move "
            "it away and run with --set baseline=optional to start without a baseline"
        ) from None


def append(path: str | os.PathLike[str], entry: Entry) -> None:
    """Appends `entry`: readers see the old file or the new one, writers wait for each other.

    An entry of the same pushed folder is there already where a component is tried again after
    it was stopped; it stays the only one.

    Raises:
      OutsideError: the version does not lie below the registry's folder.
      RegistryError: the file is no registry; it is left as it is.
    """
    with locked(path):
        append_locked(path, entry)


def append_locked(path: str | os.PathLike[str], entry: Entry) -> None:
    """Does what `append` does for who holds the lock."""
    known = entries(path)
    place = relative_place(path, entry.pushed_destination)
    if any(e.pushed_destination in (place, entry.pushed_destination) for e in known):
        return
    write(path, (*known, entry.model_copy(update={"pushed_destination": place})))


def complete(path: str | os.PathLike[str], entry: Entry) -> Entry:
    """Adds what became known of a version after it was pushed; appends one that is not there.

    Args:
      path: the registry file.
      entry: of the version; what it says of the push itself is not taken over.

    Returns:
      The entry as the registry has it now.

    Raises:
      OutsideError: the version does not lie below the registry's folder.
      RegistryError: the file is no registry; it is left as it is.
    """
    place = relative_place(path, entry.pushed_destination)
    found = {name: getattr(entry, name) for name in ("run_id", "spans", "model", "gate")}
    with locked(path):
        known = list(entries(path))
        for number, other in enumerate(known):
            if other.pushed_destination == place:
                known[number] = other.model_copy(update=found)
                write(path, known)
                return known[number]
        append_locked(path, entry)
    return entry.model_copy(update={"pushed_destination": place})


def write(path: str | os.PathLike[str], known: Sequence[Entry]) -> None:
    """Replaces the file by one with these entries, for who holds the lock."""
    versions = [entry.model_dump(mode="json") for entry in known]
    # Runs of other users read it too, whatever this one's umask is.
    write_json(os.fspath(path), {"versions": versions}, mode=0o644)


def _read(path: str) -> str:
    if not is_remote(path):
        return pathlib.Path(path).read_text(encoding="utf-8")
    if not remote_files().exists(path):
        raise FileNotFoundError(path)
    with remote_files().GFile(path) as file:
        return str(file.read())


@contextmanager
def locked(registry_path: str | os.PathLike[str]) -> Iterator[None]:
    """Holds the registry: pushes, rollbacks and pruning wait for each other.

    The kernel lets go of it when the process ends, however it ends. In an object store nothing
    is held.

    Raises:
      RegistryError: the folder can't be written.
    """
    address = os.fspath(registry_path)
    if is_remote(address):
        yield
        return
    path = pathlib.Path(address)
    # Not the registry itself: replacing it would replace its lock.
    with _opened(path.with_name(f".{path.name}.lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _opened(lock: pathlib.Path) -> TextIO:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return lock.open("w")
    except OSError as error:
        if error.errno not in _NO_RIGHT:
            raise
        raise RegistryError(
            f"{lock} can't be written: {error.strerror}; who changes the registry needs the right "
            f"to write in {lock.parent}"
        ) from None


def _first_line(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
