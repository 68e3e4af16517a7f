"""The folder of versions before a push: numbers that are free, and leftovers of killed runs."""

from __future__ import annotations

import contextlib
import logging
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator

from tfx.dsl.io import fileio

from common.errors import PolyrankError
from common.version_folders import version_number

_LOG = logging.getLogger(__name__)
_STAGING_PREFIX, _STAGING_SUFFIX = ".pushing-", ".unfinished"
_SECONDS_OF_PATIENCE = 10


class ClockError(PolyrankError):
    """A version pushed now would be numbered below one that is served."""


@contextlib.contextmanager
def staging_folder(folder: str) -> Iterator[pathlib.Path]:
    """Yields a folder in `folder` that no server looks into; it is removed at last."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    staging = pathlib.Path(tempfile.mkdtemp(_STAGING_SUFFIX, _STAGING_PREFIX, folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def wait_for_a_new_number(folder: str) -> None:
    """Waits until the clock is past the newest version: servers take the highest number.

    TFX numbers a version by the clock's second, and where that is taken pushes nothing.

    Raises:
      ClockError: the newest version is numbered later than this machine's clock.
    """
    newest = max((version_number(name) or 0 for name in names_in(folder)), default=0)
    ahead = newest - int(time.time())
    if ahead > _SECONDS_OF_PATIENCE:
        raise ClockError(
            f"version {newest} in {folder} is {ahead:,} seconds later than this machine's clock: a "
            "server would not take a version pushed now; set the clock right, or move that version "
            "away, and run again"
        )
    while int(time.time()) <= newest:
        time.sleep(0.1)


def remove_unfinished(folder: str) -> None:
    """Removes what a killed run had written of a version.

    For local folders, where runs exclude each other: elsewhere another run may be writing it.
    """
    for name in names_in(folder):
        path = f"{folder}/{name}"
        staged = name.startswith(_STAGING_PREFIX) and name.endswith(_STAGING_SUFFIX)
        half = version_number(name) is not None and not fileio.exists(f"{path}/saved_model.pb")
        if staged or half:
            remove(path)


def remove(version: str) -> None:
    """Removes a folder; one that can't be is left, and named in the log."""
    try:
        fileio.rmtree(version)
    except OSError as error:
        _LOG.warning("%s is no whole version and can't be removed: %s", version, error)


def names_in(folder: str) -> set[str]:
    """The names of a folder; none where there is no folder."""
    # Object stores end the names of folders with a slash.
    return {x.rstrip("/") for x in fileio.listdir(folder)} if fileio.isdir(folder) else set()
