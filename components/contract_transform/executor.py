"""The executor of ContractTransform."""

from __future__ import annotations

from typing import Any

from tfx.components.transform import executor
from tfx.utils import json_utils

from components.common.artifact_reading import schema_text_of

CUSTOM_CONFIG = "custom_config"


class Executor(executor.Executor):
    """Transforms as TFX does."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Adds the schema's text to `custom_config`, then does what TFX's does."""
        custom = json_utils.loads(exec_properties[CUSTOM_CONFIG])
        custom = {**custom, "schema": schema_text_of(input_dict["schema"])}
        super().Do(
            input_dict, output_dict, {**exec_properties, CUSTOM_CONFIG: json_utils.dumps(custom)}
        )
