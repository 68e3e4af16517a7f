"""The registry: every version that was really pushed, oldest first.

One JSON file, `{"versions": [Entry, ...]}`, only ever appended to. The last entry is
the next run's baseline. It may lie in an object store, which replaces a file as a whole but
has no locks: there, two runs must not push at the same moment.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pydantic

from common.atomic_files import is_remote, remote_files
from common.errors import PolyrankError
from common.json_files import write_json
from common.settings import Settings

NO_ENTRY = "none"


class RegistryError(PolyrankError):
    """A registry file that can't be read or written."""


class Entry(Settings):
    """One pushed version.

    Attributes:
      version: the pushed version's number, as the model server shows it.
      pushed_destination: the folder that was pushed.
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
            "it away to start without a baseline"
        ) from None


def latest(path: str | os.PathLike[str], excluding_fingerprint: str | None = None) -> Entry | None:
    """Returns the newest entry that another run pushed, or None.

    Args:
      path: the registry file.
      excluding_fingerprint: the asking run's fingerprint: a run is never its own baseline.

    Raises:
      RegistryError: the file is no registry.
    """
    others = (
        entry for entry in reversed(entries(path)) if entry.run_fingerprint != excluding_fingerprint
    )
    return next(others, None)


def state_token(path: str | os.PathLike[str], excluding_fingerprint: str | None = None) -> str:
    """Returns a digest of the entry that `latest` chooses, for the cache of Baseline.

    It is not the digest of the file: a run's own push must not uncache its unchanged rerun.
    """
    entry = latest(path, excluding_fingerprint)
    if entry is None:
        return NO_ENTRY
    return hashlib.sha256(entry.model_dump_json().encode()).hexdigest()


def append(path: str | os.PathLike[str], entry: Entry) -> None:
    """Appends `entry`: readers see the old file or the new one, writers wait for each other.

    An entry of the same pushed folder is there already where a component is tried again after
    it was stopped; it stays the only one.

    Raises:
      RegistryError: the file is no registry; it is left as it is.
    """
    path = os.fspath(path)
    with _locked(path):
        known = entries(path)
        if any(e.pushed_destination == entry.pushed_destination for e in known):
            return
        versions: list[dict[str, Any]] = [e.model_dump(mode="json") for e in (*known, entry)]
        # Runs of other users read it too, whatever this one's umask is.
        write_json(path, {"versions": versions}, mode=0o644)


def _read(path: str) -> str:
    if not is_remote(path):
        return pathlib.Path(path).read_text(encoding="utf-8")
    if not remote_files().exists(path):
        raise FileNotFoundError(path)
    with remote_files().GFile(path) as file:
        return str(file.read())


@contextmanager
def _locked(address: str) -> Iterator[None]:
    if is_remote(address):
        yield
        return
    path = pathlib.Path(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The lock is beside the registry, since replacing the registry would replace its lock.
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _first_line(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
