"""Digests of files by what is in them, whatever their names, sizes and times."""

from __future__ import annotations

import concurrent.futures
import hashlib
import logging
import pathlib
from collections.abc import Sequence
from typing import Any

from common.atomic_files import is_remote, remote_files
from common.errors import BadDataError

# SHA-256 releases Python's lock, and a remote store is latency.
_THREADS = 16
_CHUNK = 1 << 20

_log = logging.getLogger(__name__)


def content_digests(paths: Sequence[str]) -> list[str]:
    """Returns one digest a file, in the order of `paths`; equal for equal content.

    A local file is read as a whole. Of a remote one the store's own checksum is taken, with the
    size: what Beam gets of Google's store is a CRC32C, of S3 the ETag. Where the store gives
    none, or its client is not installed, the file is read.

    Args:
      paths: files, local or remote. A link that leads nowhere counts as having no content.

    Raises:
      BadDataError: a local file can't be read.
    """
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_digest, paths))


def _digest(path: str) -> str:
    if is_remote(path):
        with remote_files().GFile(path, "rb") as file:
            return _checksum(path) or _read(file)
    if not pathlib.Path(path).is_file():
        return ""
    try:
        with pathlib.Path(path).open("rb") as file:
            return _read(file)
    except OSError as error:
        raise BadDataError(f"{path} can't be read: {error.strerror}") from None


def _read(file: Any) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _checksum(path: str) -> str | None:
    """The store's checksum and the size; None where Beam can't get them."""
    # Beam takes seconds to import, and knows its stores' clients only where they are installed.
    from apache_beam.io.filesystem import BeamIOError
    from apache_beam.io.filesystems import FileSystems

    try:
        store = FileSystems.get_filesystem(path)
        checksum, size = store.checksum(path), store.metadata(path).size_in_bytes
    except (BeamIOError, ImportError, NotImplementedError, ValueError) as error:
        _log.info("%s is read for its digest: its store gives no checksum (%s)", path, error)
        return None
    return f"{checksum} {size}" if checksum else None
