"""Files and folders that are there whole or not at all.

Each is written under an unfinished name in the same folder and then renamed. That name begins
with a dot and ends in `.unfinished`, so that neither `part-*` nor `*.parquet` matches it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

_ENDING = ".unfinished"


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Says whether a path names a file system of its own, such as `gs://bucket/file`."""
    return "://" in os.fspath(path)


def remote_files() -> Any:
    """TensorFlow's module of file systems, imported when it is needed: that takes seconds."""
    import tensorflow as tf

    return tf.io.gfile


def write_whole(
    path: str | os.PathLike[str], content: str | bytes, mode: int | None = None
) -> None:
    """Writes a file, and the folders above it; readers see the old file or the new one.

    Args:
      path: local or remote.
      content: text is encoded as UTF-8.
      mode: the permissions of a local file; None for those that the umask leaves.
    """
    data = content.encode() if isinstance(content, str) else content
    with whole_file(path) as unfinished:
        if is_remote(unfinished):
            with remote_files().GFile(unfinished, "wb") as file:
                file.write(data)
            return
        written = pathlib.Path(unfinished)
        written.write_bytes(data)
        if mode is not None:
            written.chmod(mode)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yields the path to write a file at; it becomes `path` when the block ends well.

    Folders above it are made, a file that is there already is replaced, and a local one is on
    the disk, not only in its cache, before it takes its name. Whatever ends the block early,
    nothing of the new file is left. Writers at the same time do not disturb each other; the
    last one to end wins.

    Args:
      path: local or remote.
    """
    folder, slash, name = os.fspath(path).rpartition("/")
    unfinished = f"{folder}{slash}{_unfinished_name(name)}"
    files = remote_files() if is_remote(unfinished) else None
    if files:
        files.makedirs(folder)
    else:
        pathlib.Path(unfinished).parent.mkdir(parents=True, exist_ok=True)
    try:
        yield unfinished
        if files:
            files.rename(unfinished, os.fspath(path), overwrite=True)
        else:
            flush(unfinished)
            pathlib.Path(unfinished).replace(path)
    except BaseException:
        if not files:
            pathlib.Path(unfinished).unlink(missing_ok=True)
        elif files.exists(unfinished):
            files.remove(unfinished)
        raise


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], *, replace: bool = False) -> Iterator[pathlib.Path]:
    """Yields an empty folder to fill; it becomes `path` when the block ends well.

    Folders above it are made. Whatever ends the block early, nothing of the new folder is left;
    what a killed process has left of one of this name is removed by the next. Writers at the
    same time do not disturb each other: the first one to end wins.

    Args:
      path: local: object stores can't rename a folder at once.
      replace: removes a folder that is there already, just before the new one takes its name.

    Raises:
      OSError: without `replace`, a folder with files in it is there already.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    unfinished = path.with_name(_unfinished_name(path.name))
    unfinished.mkdir()
    try:
        # The lock says that the writer lives; the kernel takes it from a process that is killed.
        with _lock(unfinished, fcntl.LOCK_EX):
            yield unfinished
            if replace and path.exists():
                shutil.rmtree(path)
            unfinished.rename(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _unfinished_name(name: str) -> str:
    return f".{name}.{uuid.uuid4().hex}{_ENDING}"


def _remove_abandoned(path: pathlib.Path) -> None:
    """Removes unfinished folders of a name that no living process writes to."""
    for folder in list(path.parent.iterdir()):
        if not (folder.name.startswith(f".{path.name}.") and folder.suffix == _ENDING):
            continue
        with contextlib.suppress(OSError), _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB) as locked:
            # An empty one may be so new that its writer has not locked it yet.
            if locked and any(folder.iterdir()):
                shutil.rmtree(folder)


@contextlib.contextmanager
def _lock(folder: pathlib.Path, kind: int) -> Iterator[bool]:
    """Yields whether the folder is locked: not every file system can lock one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, kind)
        except OSError:
            locked = False
        else:
            locked = True
        yield locked
    finally:
        os.close(descriptor)


def flush(path: str | os.PathLike[str]) -> None:
    """Returns when a local file's content, or a local folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
