"""The executor of Baseline."""

from __future__ import annotations

import json
import logging
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.common.artifact_reading import contract_of
from components.model_registry import registry
from schemas.contract import Contract

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
          RegistryError: the registry file is corrupt.
        """
        from components.baseline.null_model import save_null_model

        self._log_startup(input_dict, output_dict, exec_properties)
        contract = contract_of(input_dict["schema"])
        model = artifact_utils.get_single_instance(output_dict["model"])
        path = path_utils.serving_model_dir(model.uri)
        entry = registry.latest(
            exec_properties["registry_path"], exec_properties["run_fingerprint"]
        )
        reason = _why_not(contract, entry)
        model.set_int_custom_property("exists", int(reason is None))
        if entry is not None and reason is None:
            model.set_string_custom_property("version", entry.version)
            model.set_string_custom_property("scenarios", json.dumps(entry.scenarios))
            io_utils.copy_dir(entry.pushed_destination, path)
            return
        assert reason is not None
        _LOG.warning("no baseline: %s", reason)
        model.set_string_custom_property("reason", reason)
        save_null_model(contract, path)


def _why_not(contract: Contract, entry: registry.Entry | None) -> str | None:
    from components.baseline.probe import why_not

    if entry is None:
        return "no version has been pushed yet"
    reason = why_not(contract, entry.pushed_destination)
    return (
        reason and f"version {entry.version} in {entry.pushed_destination} can't be used: {reason}"
    )
