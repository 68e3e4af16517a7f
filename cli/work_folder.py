"""The folders that a command writes to, held while it does."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import pathlib
from collections.abc import Iterator

from schemas.errors import PolyrankError


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
    """Holds a folder: two runs in one would write the same files.

    Args:
      folder: it exists.
      option: of the command line, which names another folder.

    Raises:
      PolyrankError: another run holds it.
    """
    with (pathlib.Path(folder) / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PolyrankError(
                f"another run is using {folder}; wait for it, or give another {option}"
            ) from None
        yield
