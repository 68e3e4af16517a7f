"""The folders that a command writes to, held while it does."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import pathlib
from collections.abc import Iterator
from typing import TextIO

from cli.common.folder_names import check_work_folder_name
from common.errors import PolyrankError


def make_run_directory(parent: str | pathlib.Path) -> pathlib.Path:
    """Makes a folder below `parent` that is named after this instant (UTC).

    Raises:
      PolyrankError: it can't be made.
    """
    started = datetime.datetime.now(datetime.timezone.utc)
    directory = pathlib.Path(parent) / started.strftime("%Y%m%dT%H%M%S.%f")
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise PolyrankError(f"folder {parent} can't be written: {error}") from None
    return directory


@contextlib.contextmanager
def only_run_in(folder: str | pathlib.Path, option: str = "--work-dir") -> Iterator[None]:
    """Holds a folder, which is made if need be: two runs in one would write the same files.

    The kernel lets go of it when the process ends, however it ends.

    Args:
      folder: of the run.
      option: of the command line, which names another folder.

    Raises:
      PolyrankError: another run holds it, or it can't be written.
    """
    try:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        # Not "w": that would wipe out what the holder has written before we know of it.
        lock = (pathlib.Path(folder) / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise PolyrankError(f"folder {folder} can't be written: {error}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise PolyrankError(
                f"another run is using {folder}{_in_brackets(lock.read())}; wait for it, or give "
                f"another {option}"
            ) from None
        started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        _write(lock, f"process {os.getpid()}, started {started}")
        try:
            yield
        finally:
            _write(lock, "")


def check_free(folder: str | pathlib.Path, option: str = "--work-dir") -> None:
    """Says at once what a run would say after imports of many seconds.

    Args:
      folder: of the run; it need not exist, and is not made.
      option: of the command line, which names another folder.

    Raises:
      PolyrankError: another run holds it, or its name can't be used.
    """
    check_work_folder_name(folder, option)
    if (pathlib.Path(folder) / ".lock").exists():
        with only_run_in(folder, option):
            pass


def _in_brackets(holder: str) -> str:
    """The holder in brackets; it has not written yet in its first instant."""
    return f" ({holder})" if holder else ""


def _write(lock: TextIO, text: str) -> None:
    """Says who holds the folder; on a full disk nothing does, and `polyrank prune` still works."""
    with contextlib.suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        # Not by the file, which would write what had no room once more as it is closed.
        os.write(lock.fileno(), text.encode())
