"""The executor of Baseline."""

from __future__ import annotations

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.baseline.choice import Choice, choose
from components.common.artifact_reading import contract_of
from components.model_registry.live import standing
from components.model_registry.publish import settle
from components.model_registry.refused_push import RefusedPushError

_LOG = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Copies the last pushed version, or saves the null model."""

    def Do(  # noqa: N802 - TFX names it
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the model; its custom properties say which, or why there is none.

        Raises:
          RefusedPushError: the version to compare with can't be loaded, and one is required.
          RegistryError: the registry file is corrupt.
        """
        from components.baseline.null_model import save_null_model

        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        model = artifact_utils.get_single_instance(output_dict["model"])
        path = path_utils.serving_model_dir(model.uri)
        registry_path = exec_properties["registry_path"]
        fingerprint = exec_properties["run_fingerprint"]
        settle(registry_path)
        found = standing(registry_path, fingerprint)
        chosen = choose(contract, exec_properties["schema_digest"], registry_path, found.compared)
        if chosen.damaged and exec_properties["required"]:
            raise RefusedPushError(_what_to_do(chosen))
        model.set_int_custom_property("exists", int(chosen.usable))
        # What Pusher must still find live.
        model.set_string_custom_property("live", found.live)
        model.set_string_custom_property("run_fingerprint", fingerprint)
        if found.compared is not None and chosen.usable:
            model.set_string_custom_property("version", found.compared.version)
            model.set_string_custom_property("scenarios", json.dumps(found.compared.scenarios))
            io_utils.copy_dir(chosen.folder, path)
            return
        _LOG.warning("no baseline: %s", chosen.reason)
        model.set_string_custom_property("reason", chosen.reason)
        if chosen.version:
            model.set_string_custom_property("not_compared", chosen.version)
        save_null_model(contract, path)


def _what_to_do(chosen: Choice) -> str:
    return (
        f"{chosen.reason}. A candidate could be pushed without being compared with it, so this run "
        "ends. Restore what is missing from a backup; or make another version live (polyrank "
        "rollback --version N); or accept one run that is compared with nothing: baseline: "
        "optional in the configuration, or --set baseline=optional"
    )
