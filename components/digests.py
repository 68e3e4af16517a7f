"""What makes a cached result stale besides its inputs: our code and the world outside.

TFX's cache sees exec properties and input artifacts only, so these go into exec properties.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_PACKAGES = ("schemas", "serving", "models", "components", "pipeline")


def code_digest(root: pathlib.Path = _ROOT, packages: tuple[str, ...] = _PACKAGES) -> str:
    """Returns the SHA-256 over the Python files of our packages (relative path and content).

    Args:
      root: the folder that holds the packages.
      packages: their names.
    """
    sources = [path for package in packages for path in (root / package).rglob("*.py")]
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(root).as_posix(), path) for path in sources):
        _add(digest, name.encode())
        _add(digest, path.read_bytes())
    return digest.hexdigest()


def files_token(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Returns a SHA-256 that changes when a file appears, vanishes, grows or is written to.

    Args:
      paths: files or folders (with everything below them), local or remote. One that
        doesn't exist counts too: its appearance changes the token.
    """
    digest = hashlib.sha256()
    for address in (os.fspath(path) for path in paths):
        if "://" in address:
            for name, size, changed in _remote_files(address):
                _add(digest, f"{name} {size} {changed}".encode())
            continue
        path = pathlib.Path(address)
        if not path.exists():
            _add(digest, f"{path.name} missing".encode())
            continue
        for name, file in _files(path):
            status = file.stat()
            _add(digest, f"{name} {status.st_size} {status.st_mtime_ns}".encode())
    return digest.hexdigest()


def listing_token(names: Iterable[str]) -> str:
    """Returns a SHA-256 over a listing, in whatever order it came."""
    digest = hashlib.sha256()
    for name in sorted(names):
        _add(digest, name.encode())
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
    # Importing TensorFlow takes seconds, and a local log does not need it.
    import tensorflow as tf

    root = address.rstrip("/")
    parent = root.rpartition("/")[0]
    paths = [
        f"{folder.rstrip('/')}/{name}"
        for folder, _, names in tf.io.gfile.walk(root)
        for name in names
    ]
    found = [(path[len(parent) + 1 :], tf.io.gfile.stat(path)) for path in sorted(paths)]
    return [(name, status.length, status.mtime_nsec) for name, status in found]


def _add(digest: hashlib._Hash, part: bytes) -> None:
    """Adds a part with its length, so that no two lists of parts read the same."""
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)
