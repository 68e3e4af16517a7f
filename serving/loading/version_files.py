"""The versions of a model on disk, and what tells that one of them has changed."""

from __future__ import annotations

import functools
import logging
import pathlib

from common.version_folders import version_number

_LOG = logging.getLogger(__name__)

Files = frozenset[tuple[str, int, int]]
"""The name, size and time of change of every file of a version."""


def versions_on_disk(base_path: pathlib.Path, live: int | None = None) -> dict[int, pathlib.Path]:
    """The complete versions below `base_path`: folders named by a number with a model inside.

    Of two names of one number, such as `7` and `007`, the shorter counts.

    Args:
      base_path: the folder of version folders.
      live: a version known to be complete. A folder that can't be looked into for a moment is no
        version, but it still is this one.

    Raises:
      OSError: `base_path` is no folder, or can't be read.
    """
    found: dict[int, pathlib.Path] = {}
    for folder in sorted(base_path.iterdir(), key=lambda path: len(path.name), reverse=True):
        number = version_number(folder.name)
        if number is not None and _holds_a_model(folder, if_unreadable=number == live):
            found[number] = folder
    return found


def _holds_a_model(folder: pathlib.Path, if_unreadable: bool) -> bool:
    try:
        return (folder / "saved_model.pb").is_file()
    except OSError as error:
        kept = "can't be read and serves on" if if_unreadable else "is left out"
        warn_once(f"{folder} {kept}: {error}")
        return if_unreadable


def files_of(folder: pathlib.Path) -> Files:
    """Every file of a version; raises OSError where the folder can't be read."""
    files = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return frozenset((str(path), status.st_size, status.st_mtime_ns) for path, status in files)


@functools.lru_cache(maxsize=1000)
def warn_once(text: str) -> None:
    """Warns of what every look at the disk would find again."""
    _LOG.warning("%s", text)
