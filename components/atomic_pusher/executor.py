"""Pushes a version that servers will take, whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import pathlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from tfx.components.pusher import executor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.utils import proto_utils

from common.atomic_files import is_remote
from common.errors import PolyrankError
from common.full_disk import DiskFullError, full_disk, reason_if_full
from common.version_folders import version_number

_LOG = logging.getLogger(__name__)
_SECONDS_TO_BEGIN = 5
_STAGING_PREFIX, _STAGING_SUFFIX = ".pushing-", ".unfinished"
_SECONDS_OF_PATIENCE = 10


class ClockError(PolyrankError):
    """A version pushed now would be numbered below one that is served."""


class Executor(executor.Executor):
    """Pushes as TFX does, to a hidden folder first, whose version then takes its number at once.

    Servers load a folder as soon as its name is a number, whatever is in it. Object stores can't
    rename a folder at once: there `saved_model.pb` is written last, as TFX does.
    """

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes a version, or removes what it had written of it.

        Raises:
          ClockError: the newest version is numbered later than this machine's clock.
          DiskFullError: there was no room.
        """
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        folder = destination.filesystem.base_directory
        if not is_remote(folder):
            _remove_unfinished(folder)
        if not self.CheckBlessing(input_dict):
            super().Do(input_dict, output_dict, exec_properties)
            return
        push = self._push_remote if is_remote(folder) else self._push_local
        try:
            push(folder, input_dict, output_dict, exec_properties)
        except Exception as error:
            reason = reason_if_full(error)
            if reason:
                raise DiskFullError(full_disk(folder, reason)) from error
            raise

    def _push_local(
        self,
        folder: str,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        _wait_for_a_new_number(folder)
        (pushed,) = output_dict["pushed_model"]
        with _staging(folder) as staging:
            hidden = pusher_pb2.PushDestination()
            hidden.filesystem.base_directory = str(staging)
            properties = {**exec_properties, "push_destination": proto_utils.proto_to_json(hidden)}
            super().Do(input_dict, output_dict, properties)
            version = pushed.get_string_custom_property("pushed_version")
            destination = f"{folder.rstrip('/')}/{version}"
            (staging / version).rename(destination)
        pushed.set_string_custom_property("pushed_destination", destination)

    def _push_remote(
        self,
        folder: str,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        _wait_for_a_new_number(folder)
        began = int(time.time())
        before = _names(folder)
        try:
            super().Do(input_dict, output_dict, exec_properties)
        except Exception:
            # TFX numbers a version by the second in which it begins: others are not ours.
            for number in range(began, began + _SECONDS_TO_BEGIN):
                if str(number) in _names(folder) - before:
                    _remove(f"{folder}/{number}")
            raise


@contextlib.contextmanager
def _staging(folder: str) -> Iterator[pathlib.Path]:
    """Yields a folder in `folder` that no server looks into; it is removed at last."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    staging = pathlib.Path(tempfile.mkdtemp(_STAGING_SUFFIX, _STAGING_PREFIX, folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _wait_for_a_new_number(folder: str) -> None:
    """Waits until the clock is past the newest version: servers take the highest number.

    TFX numbers a version by the clock's second, and where that is taken pushes nothing.
    """
    newest = max((version_number(name) or 0 for name in _names(folder)), default=0)
    ahead = newest - int(time.time())
    if ahead > _SECONDS_OF_PATIENCE:
        raise ClockError(
            f"version {newest} in {folder} is {ahead:,} seconds later than this machine's clock: a "
            "server would not take a version pushed now; set the clock right, or move that version "
            "away, and run again"
        )
    while int(time.time()) <= newest:
        time.sleep(0.1)


def _remove_unfinished(folder: str) -> None:
    """Removes what a killed run had written of a version.

    For local folders, where runs exclude each other: elsewhere another run may be writing it.
    """
    for name in _names(folder):
        path = f"{folder}/{name}"
        staged = name.startswith(_STAGING_PREFIX) and name.endswith(_STAGING_SUFFIX)
        half = version_number(name) is not None and not fileio.exists(f"{path}/saved_model.pb")
        if staged or half:
            _remove(path)


def _remove(version: str) -> None:
    try:
        fileio.rmtree(version)
    except OSError as error:
        _LOG.warning("%s is no whole version and can't be removed: %s", version, error)


def _names(folder: str) -> set[str]:
    # Object stores end the names of folders with a slash.
    return {x.rstrip("/") for x in fileio.listdir(folder)} if fileio.isdir(folder) else set()
