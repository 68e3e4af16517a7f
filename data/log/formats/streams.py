"""Files on any path that TFX's fileio knows, as Arrow reads them."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa

from common.atomic_files import is_remote


class _Remote(io.RawIOBase):
    """A file of fileio's remote plugin, completed to what Python calls a file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            offset += self._file.tell()
        elif whence == io.SEEK_END:
            offset += self._file.size()
        self._file.seek(offset)
        return offset

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


def open_stream(path: str) -> Any:
    """Opens a local or remote file for reading, as a pyarrow NativeFile."""
    if not is_remote(path):
        return pa.OSFile(path)
    # Importing TFX takes seconds, and a local log does not need it.
    from tfx.dsl.io import fileio

    return pa.PythonFile(io.BufferedReader(_Remote(fileio.open(path, "rb")), 1 << 20), mode="r")
