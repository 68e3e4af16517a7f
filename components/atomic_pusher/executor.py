"""Pushes a version that servers will take, whole or not at all."""

from __future__ import annotations

import logging
import time
from typing import Any

from tfx.components.pusher import executor
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.utils import proto_utils

from common.atomic_files import is_remote
from common.errors import PolyrankError
from common.full_disk import DiskFullError, full_disk, reason_if_full

_LOG = logging.getLogger(__name__)
_SECONDS_TO_BEGIN = 5
_SECONDS_OF_PATIENCE = 10


class ClockError(PolyrankError):
    """A version pushed now would be numbered below one that is served."""


class Executor(executor.Executor):
    """Pushes as TFX does: `saved_model.pb` last, without which no server takes a version."""

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
        _remove_unfinished(folder)
        if self.CheckBlessing(input_dict):
            _wait_for_a_new_number(folder)
        began = int(time.time())
        before = _names(folder)
        try:
            super().Do(input_dict, output_dict, exec_properties)
        except Exception as error:
            # TFX numbers a version by the second in which it begins: others are not ours.
            for number in range(began, began + _SECONDS_TO_BEGIN):
                if str(number) in _names(folder) - before:
                    _remove(f"{folder}/{number}")
            reason = reason_if_full(error)
            if reason:
                raise DiskFullError(full_disk(folder, reason)) from error
            raise


def _wait_for_a_new_number(folder: str) -> None:
    """Waits until the clock is past the newest version: servers take the highest number.

    TFX numbers a version by the clock's second, and where that is taken pushes nothing.
    """
    newest = max((int(name) for name in _names(folder) if name.isdecimal()), default=0)
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

    Only on this machine, where runs of a work folder exclude each other: elsewhere another
    run may be writing it.
    """
    if is_remote(folder):
        return
    for name in _names(folder):
        version = f"{folder}/{name}"
        if name.isdecimal() and not fileio.exists(f"{version}/saved_model.pb"):
            _remove(version)


def _remove(version: str) -> None:
    try:
        fileio.rmtree(version)
    except OSError as error:
        _LOG.warning("%s is no whole version and can't be removed: %s", version, error)


def _names(folder: str) -> set[str]:
    # Object stores end the names of folders with a slash.
    return {x.rstrip("/") for x in fileio.listdir(folder)} if fileio.isdir(folder) else set()
