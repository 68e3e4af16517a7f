"""Bytes on disk, as `du` counts them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

_BLOCK = 512


def entries_below(folder: pathlib.Path) -> Iterator[tuple[pathlib.Path, int]]:
    """Yields a folder and everything below it, by name, each with its bytes on disk.

    Links are not followed, and of several names of one file all but the first count 0. What
    vanishes meanwhile is passed over.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            status = path.lstat()
            below = sorted(os.scandir(path), key=lambda x: x.name) if _is_folder(path) else []
        except FileNotFoundError:
            continue
        inode = status.st_dev, status.st_ino
        yield path, 0 if inode in seen else status.st_blocks * _BLOCK
        seen.add(inode)
        waiting.extend(pathlib.Path(entry.path) for entry in reversed(below))


def disk_bytes(path: pathlib.Path) -> int:
    """The bytes of a file or a folder with everything below it."""
    return sum(size for _, size in entries_below(path))


def _is_folder(path: pathlib.Path) -> bool:
    return path.is_dir() and not path.is_symlink()
