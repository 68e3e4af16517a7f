"""The executor of ModelSettings."""

from __future__ import annotations

import json
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from common.json_files import write_json
from common.settings import SettingsError
from models.registry import check_epochs, parse_model_config

FILE_NAME = "model.json"


class Executor(base_executor.BaseExecutor):
    """Writes `model.json`, every hyper-parameter named."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the artifact.

        Raises:
          SettingsError: the text is no JSON object, names an unknown architecture or key, or
            needs more epochs than the training has.
        """
        text = exec_properties["model"]
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise SettingsError(f'model is {text!r}; want a JSON object such as {{"name": "mmoe"}}')
        model = parse_model_config(values)
        check_epochs(model, exec_properties["max_epochs"])
        folder = artifact_utils.get_single_uri(output_dict["hyperparameters"])
        write_json(f"{folder}/{FILE_NAME}", model.model_dump(mode="json"))
