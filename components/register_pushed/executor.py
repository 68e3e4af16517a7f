"""The executor of RegisterPushed."""

from __future__ import annotations

import datetime
import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from common.json_files import write_json
from common.settings import parse
from components.common.artifact_reading import read_json
from components.model_registry import registry
from components.model_settings.executor import FILE_NAME
from components.register_pushed.run_info import RunInfo

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Adds what the run found to the registry's entry; writes why there is none, otherwise."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Completes the entry that Pusher made.

        Raises:
          RegistryError: the registry file is corrupt; nothing is registered.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
        gate = read_json(artifact_utils.get_single_uri(input_dict["gate"]), "gate.json")
        blessing = artifact_utils.get_single_instance(input_dict["blessing"])
        registration = artifact_utils.get_single_instance(output_dict["registration"])
        path = f"{registration.uri}/registration.json"
        really = pushed.get_int_custom_property("pushed") == 1
        registration.set_int_custom_property("registered", int(really))
        if not really:
            reason = (
                "the model was not blessed"
                if blessing.get_int_custom_property("blessed") != 1
                else "Pusher did not push it, although the gate blessed it: see the canary"
            )
            _LOG.warning("nothing registered: %s", reason)
            write_json(path, {"entry": None, "reason": reason})
            return
        settings = artifact_utils.get_single_uri(input_dict["hyperparameters"])
        info = parse(RunInfo, json.loads(exec_properties["run_info"]), "run_info")
        entry = registry.Entry(
            version=pushed.get_string_custom_property("pushed_version"),
            pushed_destination=pushed.get_string_custom_property("pushed_destination"),
            run_fingerprint=exec_properties["run_fingerprint"],
            time=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            gate=gate["counts"],
            run_id=self._run_id(),
            spans=_spans(input_dict.get("window")),
            model=read_json(settings, FILE_NAME)["name"],
            **info.model_dump(),
        )
        registered = registry.complete(exec_properties["registry_path"], entry)
        write_json(path, {"entry": registered.model_dump(mode="json"), "reason": None})

    def _run_id(self) -> str:
        return (self._context.pipeline_run_id if self._context else None) or ""


def _spans(window: list[Any] | None) -> tuple[str, ...]:
    if not window:
        return ()
    return tuple(read_json(artifact_utils.get_single_uri(window), "window.json")["train"])
