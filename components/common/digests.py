"""What makes a cached result stale besides its inputs: the world outside.

TFX's cache sees exec properties and input artifacts only, so these go into exec properties,
as does the digest of our code (`common.source_digest`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from common.content_digests import content_digests
from common.source_digest import add_part
from data.log.files import LogFile, visible_files
from data.log.folders import exists, is_folder


def log_token(files: Iterable[LogFile]) -> str:
    """Returns a SHA-256 over the names and contents of a log's files, in whatever order."""
    return _token((file.name, file.path) for file in files)


def files_token(paths: Iterable[str | os.PathLike[str]]) -> str:
    """Returns a SHA-256 that changes when a file appears, vanishes or has another content.

    Args:
      paths: files or folders (with everything below them that is not hidden, by the log's
        rule), local or remote. One that doesn't exist counts too: its appearance changes the
        token.
    """
    return _token(item for path in paths for item in _files(os.fspath(path).rstrip("/")))


def listing_token(names: Iterable[str]) -> str:
    """Returns a SHA-256 over a listing, in whatever order it came."""
    digest = hashlib.sha256()
    for name in sorted(names):
        add_part(digest, name.encode())
    return digest.hexdigest()


def _token(files: Iterable[tuple[str, str | None]]) -> str:
    """Digests (name, path) of files; the path is None where there is no file."""
    found = sorted(files, key=lambda item: item[0])
    contents = iter(content_digests([path for _, path in found if path is not None]))
    digest = hashlib.sha256()
    for name, path in found:
        add_part(digest, name.encode(errors="surrogateescape"))
        add_part(digest, b"missing" if path is None else next(contents).encode())
    return digest.hexdigest()


def _files(address: str) -> Iterator[tuple[str, str | None]]:
    """Yields (name that begins with that of the folder, path); `address` may be a file."""
    name = address.rpartition("/")[2]
    if is_folder(address):
        for file in visible_files(address):
            yield f"{name}/{file}", f"{address}/{file}"
    else:
        yield name, address if exists(address) else None
