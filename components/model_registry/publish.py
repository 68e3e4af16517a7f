"""Making a version live: its folder takes its number and the registry its entry, both or neither.

On local disks the steps are, under the registry's lock: the complete folder gets a hidden name
that says its number, the entry is appended, the folder gets its number. A program that is killed
after the entry was appended leaves the folder under its hidden name, and whoever needs the
version next finishes the step (`settle`); one that is killed before leaves nothing that counts.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

from common.atomic_files import is_remote
from components.model_registry import registry
from components.model_registry.places import OutsideError, located
from components.model_registry.registry import Entry

_READY = ".ready"
_COPYING = ".rolling-back-"


def publish(
    registry_path: str | os.PathLike[str],
    complete: pathlib.Path,
    entry: Entry,
    check: Callable[[], None],
) -> None:
    """Makes a complete folder the live version.

    Args:
      registry_path: the registry, on this machine.
      complete: the version's files, on the file system that the version is to lie on.
      entry: of the version; nothing is at its `pushed_destination` yet.
      check: called while the registry is held, before anything is changed; raises to refuse.

    Raises:
      OSError: there was no room, or a folder of this number is there already; nothing is pushed.
      OutsideError: the version would not lie below the registry's folder.
      RegistryError: the registry can't be read; nothing is pushed.
    """
    with registry.locked(registry_path):
        settle_locked(registry_path)
        check()
        publish_locked(registry_path, complete, entry)


def publish_locked(
    registry_path: str | os.PathLike[str], complete: pathlib.Path, entry: Entry
) -> None:
    """Does what `publish` does for who holds the registry and has checked."""
    place = pathlib.Path(located(registry_path, entry.pushed_destination))
    ready = _ready(place)
    shutil.rmtree(ready, ignore_errors=True)
    before = registry.entries(registry_path)
    complete.rename(ready)
    try:
        registry.append_locked(registry_path, entry)
        ready.rename(place)
    except BaseException:
        if registry.entries(registry_path) != before:
            registry.write(registry_path, before)
        shutil.rmtree(ready, ignore_errors=True)
        raise


@contextlib.contextmanager
def copying_folder(parent: pathlib.Path, number: str) -> Iterator[pathlib.Path]:
    """Yields an empty folder for who holds the registry; it is removed at last, if still there."""
    folder = parent / f"{_COPYING}{number}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle(registry_path: str | os.PathLike[str]) -> None:
    """Finishes what a killed program began; does nothing in an object store.

    Raises:
      RegistryError: the registry can't be read.
    """
    if not is_remote(os.fspath(registry_path)) and pathlib.Path(registry_path).exists():
        with registry.locked(registry_path):
            settle_locked(registry_path)


def settle_locked(registry_path: str | os.PathLike[str]) -> bool:
    """Does what `settle` does for who holds the registry.

    Returns:
      Whether the live version takes its number only now.
    """
    known = registry.entries(registry_path)
    if not known:
        return False
    try:
        place = pathlib.Path(located(registry_path, known[-1].pushed_destination))
    except OutsideError:
        return False
    unfinished = not place.exists() and _ready(place).is_dir()
    if unfinished:
        _ready(place).rename(place)
    _sweep(place.parent)
    return unfinished


def _ready(place: pathlib.Path) -> pathlib.Path:
    return place.with_name(f".{place.name}{_READY}")


def _sweep(folder: pathlib.Path) -> None:
    """Removes what killed programs left: only who holds the registry makes folders so named."""
    for path in (*folder.glob(f".*{_READY}"), *folder.glob(f"{_COPYING}*")):
        shutil.rmtree(path, ignore_errors=True)
