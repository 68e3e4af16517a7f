"""The executor of SchemaImport."""

from __future__ import annotations

import os
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from common.packed_text import unpack
from schemas.contract import parse_schema, read_contract


class Executor(base_executor.BaseExecutor):
    """Checks the contract and writes `schema.pbtxt`, where stock components look for it."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the artifact.

        Raises:
          ContractError: the schema or its tags can't be used.
        """
        schema = parse_schema(unpack(exec_properties["schema_text"]))
        read_contract(schema)
        folder = artifact_utils.get_single_uri(output_dict["schema"])
        io_utils.write_pbtxt_file(os.path.join(folder, "schema.pbtxt"), schema)  # noqa: PTH118
