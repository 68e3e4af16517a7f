"""The SchemaImport component."""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel_utils, component_spec, standard_artifacts

from common.packed_text import pack
from components.schema_import.executor import Executor


class SchemaImportSpec(component_spec.ComponentSpec):
    """Parameters and output of SchemaImport."""

    PARAMETERS = {
        "schema_text": component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}
    OUTPUTS = {"schema": component_spec.ChannelParameter(type=standard_artifacts.Schema)}


class SchemaImport(base_component.BaseComponent):
    """Writes the curated schema as a standard Schema artifact.

    Stock ImportSchemaGen takes a path: its cache never sees that the file has changed, and a
    cluster's container must find the file. This one carries the text itself.
    """

    SPEC_CLASS = SchemaImportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, schema_text: str, code_digest: str):
        """Makes the component.

        Args:
          schema_text: the tagged schema, in text format; a long one is carried packed.
          code_digest: digest of our source, so that the cache sees changed code.
        """
        super().__init__(
            SchemaImportSpec(
                schema_text=pack(schema_text),
                code_digest=code_digest,
                schema=channel_utils.as_channel([standard_artifacts.Schema()]),
            )
        )
