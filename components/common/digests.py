"""What makes a cached result stale besides its inputs: the world outside.

TFX's cache sees exec properties and input artifacts only, so these go into exec properties,
as does the digest of our code (`common.source_digest`).
"""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator

from common.atomic_files import is_remote, remote_files
from common.source_digest import add_part


def files_token(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Returns a SHA-256 that changes when a file appears, vanishes, grows or is written to.

    Args:
      paths: files or folders (with everything below them), local or remote. One that
        doesn't exist counts too: its appearance changes the token.
    """
    digest = hashlib.sha256()
    for address in (os.fspath(path) for path in paths):
        if is_remote(address):
            for name, size, changed in _remote_files(address):
                add_part(digest, f"{name} {size} {changed}".encode())
            continue
        path = pathlib.Path(address)
        if not path.exists():
            add_part(digest, f"{path.name} missing".encode())
            continue
        for name, file in _files(path):
            status = file.stat()
            add_part(digest, f"{name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()


def listing_token(names: Iterable[str]) -> str:
    """Returns a SHA-256 over a listing, in whatever order it came."""
    digest = hashlib.sha256()
    for name in sorted(names):
        add_part(digest, name.encode())
    return digest.hexdigest()


def _files(path: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Yields (name that begins with that of `path`, file) in order; `path` may be a file."""
    if path.is_file():
        yield path.name, path
        return
    files = [file for file in path.rglob("*") if file.is_file()]
    yield from sorted((file.relative_to(path.parent).as_posix(), file) for file in files)


def _remote_files(address: str) -> list[tuple[str, int, int]]:
    """Returns (name that begins with that of the folder, bytes, time of change), in order."""
    files = remote_files()
    root = address.rstrip("/")
    parent = root.rpartition("/")[0]
    paths = [
        f"{folder.rstrip('/')}/{name}" for folder, _, names in files.walk(root) for name in names
    ]
    found = [(path[len(parent) + 1 :], files.stat(path)) for path in sorted(paths)]
    return [(name, status.length, status.mtime_nsec) for name, status in found]
