"""Pushes a version that servers will take, whole or not at all, and registers it."""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import io_utils, proto_utils

from common.atomic_files import is_remote
from common.full_disk import DiskFullError, full_disk, reason_if_full
from common.settings import parse
from components.atomic_pusher.pushed_before import pushed_before
from components.atomic_pusher.staging import (
    names_in,
    remove,
    remove_unfinished,
    staging_folder,
    wait_for_a_new_number,
)
from components.model_registry import registry
from components.model_registry.live import check_unchanged
from components.model_registry.places import located, relative_place
from components.model_registry.publish import publish
from components.register_pushed.run_info import RunInfo

_SECONDS_TO_BEGIN = 5


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
        """Pushes and registers a version, or removes what it had written of it.

        Raises:
          ClockError: the newest version is numbered later than this machine's clock.
          DiskFullError: there was no room.
          OutsideError: the folder of versions lies outside of the work folder, by a link.
          RefusedPushError: the version that the candidate was compared with is no longer live.
          RegistryError: the registry file is corrupt.
        """
        destination = pusher_pb2.PushDestination()
        proto_utils.json_to_proto(exec_properties["push_destination"], destination)
        folder = destination.filesystem.base_directory.rstrip("/")
        if not is_remote(folder):
            remove_unfinished(folder)
        if not self.CheckBlessing(input_dict):
            super().Do(input_dict, output_dict, exec_properties)
            return
        relative_place(exec_properties["registry_path"], f"{folder}/0")
        push = self._push_remote if is_remote(folder) else self._push_local
        try:
            if not self._is_pushed(input_dict, output_dict, exec_properties):
                push(folder, input_dict, output_dict, exec_properties)
        except Exception as error:
            reason = reason_if_full(error)
            if reason:
                raise DiskFullError(full_disk(folder, reason)) from error
            raise

    def _is_pushed(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> bool:
        """Takes over what this run had pushed when it was killed, where it had."""
        path = exec_properties["registry_path"]
        _check(input_dict, exec_properties)
        baseline = artifact_utils.get_single_instance(input_dict["baseline_model"])
        fingerprint = baseline.get_string_custom_property("run_fingerprint")
        model_path = self.GetModelPath(input_dict)
        entry = pushed_before(path, fingerprint, model_path)
        if entry is None:
            return False
        (pushed,) = output_dict["pushed_model"]
        io_utils.copy_dir(model_path, pushed.uri)
        self._MarkPushed(pushed, located(path, entry.pushed_destination), entry.version)
        return True

    def _push_local(
        self,
        folder: str,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        wait_for_a_new_number(folder)
        (pushed,) = output_dict["pushed_model"]
        with staging_folder(folder) as staging:
            hidden = pusher_pb2.PushDestination()
            hidden.filesystem.base_directory = str(staging)
            properties = {**exec_properties, "push_destination": proto_utils.proto_to_json(hidden)}
            super().Do(input_dict, output_dict, properties)
            version = pushed.get_string_custom_property("pushed_version")
            destination = f"{folder}/{version}"
            publish(
                exec_properties["registry_path"],
                staging / version,
                self._entry(version, destination, input_dict, exec_properties),
                lambda: _check(input_dict, exec_properties),
            )
        pushed.set_string_custom_property("pushed_destination", destination)

    def _push_remote(
        self,
        folder: str,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        _check(input_dict, exec_properties)
        wait_for_a_new_number(folder)
        began = int(time.time())
        before = names_in(folder)
        (pushed,) = output_dict["pushed_model"]
        try:
            super().Do(input_dict, output_dict, exec_properties)
            version = pushed.get_string_custom_property("pushed_version")
            entry = self._entry(version, f"{folder}/{version}", input_dict, exec_properties)
            registry.append(exec_properties["registry_path"], entry)
        except Exception:
            # TFX numbers a version by the second in which it begins: others are not ours.
            for number in range(began, began + _SECONDS_TO_BEGIN):
                if str(number) in names_in(folder) - before:
                    remove(f"{folder}/{number}")
            raise

    def _entry(
        self,
        version: str,
        destination: str,
        input_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> registry.Entry:
        """What is known of a version as it is pushed; RegisterPushed adds the rest."""
        info = parse(RunInfo, json.loads(exec_properties["run_info"]), "run_info")
        baseline = artifact_utils.get_single_instance(input_dict["baseline_model"])
        return registry.Entry(
            version=version,
            pushed_destination=destination,
            run_fingerprint=baseline.get_string_custom_property("run_fingerprint"),
            run_id=(self._context.pipeline_run_id if self._context else None) or "",
            time=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            spans=(),
            model="",
            gate={},
            **info.model_dump(),
        )


def _check(input_dict: dict[str, list[Any]], exec_properties: dict[str, Any]) -> None:
    baseline = artifact_utils.get_single_instance(input_dict["baseline_model"])
    check_unchanged(
        exec_properties["registry_path"],
        baseline.get_string_custom_property("run_fingerprint"),
        baseline.get_string_custom_property("live"),
    )
