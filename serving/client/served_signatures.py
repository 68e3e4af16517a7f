"""What a client knows of the version that a server serves."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2

from common.errors import PolyrankError
from serving.client import rows
from serving.served_columns import ServedColumn, served_columns
from serving.signatures import can_be_called, signature_spec


@dataclasses.dataclass(frozen=True)
class ServedSignatures:
    """The SignatureDefs of one version.

    Attributes:
      version: its number.
      definitions: by name, those that can't be called included.
    """

    version: int
    definitions: Mapping[str, meta_graph_pb2.SignatureDef]

    @classmethod
    def read(cls, response: get_model_metadata_pb2.GetModelMetadataResponse) -> ServedSignatures:
        """Reads a server's answer."""
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return cls(response.model_spec.version.value, dict(signatures.signature_def))

    def columns(self, name: str) -> dict[str, ServedColumn]:
        """The columns of a signature.

        Raises:
          PolyrankError: there is no such signature, or its inputs can't be made of columns.
        """
        callable_ones = [key for key, value in self.definitions.items() if can_be_called(value)]
        if name not in callable_ones:
            raise PolyrankError(
                f"the model has no signature '{name}', only {', '.join(sorted(callable_ones))}"
            )
        columns = served_columns(name, self.definitions)
        rows.check_inputs(signature_spec(self.definitions[name]).inputs, columns)
        return columns

    def tensors(self, name: str, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Casts columns of values to the inputs of a signature; see `serving.client.rows.tensors`.

        Raises:
          PolyrankError: see `columns`.
          BadDataError: see `serving.client.rows.tensors`.
        """
        return rows.tensors(values, self.columns(name))
