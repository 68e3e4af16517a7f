"""A client of TF Serving's gRPC services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import numpy as np
from numpy.typing import ArrayLike
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from common.errors import PolyrankError
from common.names import PREDICT, SERVING_DEFAULT
from serving.client.connection import Connection
from serving.client.rows import by_name
from serving.client.served_signatures import ServedSignatures
from serving.errors import ServingError
from serving.served_columns import ServedColumn
from serving.signatures import SignatureSpec, can_be_called, signature_spec
from serving.tensors import as_array, to_array, write_array


class Client(Connection):
    """Queries the model `model_name` of the server at `target`; a context manager.

    Example:
      with Client("localhost:8500", "polyrank") as client:
          scores = client.predict({"user_id": [7, 7], "item_id": [1, 2]})
    """

    def __init__(self, target: str, model_name: str, timeout: float = 10.0) -> None:
        """Opens a channel; nothing is sent yet. See `Connection`."""
        super().__init__(target, model_name, timeout)
        self._signatures: dict[int | None, ServedSignatures] = {}
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def predict(
        self,
        inputs: Mapping[str, Any],
        signature_name: str = PREDICT,
        version: int | None = None,
        outputs: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """Scores the rows of `inputs`.

        The types are the signature's, which the server is queried for once and again when it
        serves another version.

        Args:
          inputs: for every column its B values: a list, or an array of numpy, pandas or Arrow; or
            a table of pandas or Arrow. None, NaN, NA, NaT, a masked value and Arrow's null are
            missing. Of a column of lists B lists of any length, which are cut and padded as the
            model wants; see `serving.client.rows`.
          signature_name: the signature to call.
          version: the version to query, None for the newest.
          outputs: the outputs wanted, all where none is named.

        Raises:
          ColumnValueError: a value has no place in its column's type, or is missing where the
            model needs one, or lists that are aligned differ in length; names the column, the
            row, the value and the type.
          BadDataError: the columns are not the model's, or their sizes differ.
          ServingError: with the server's status.
        """
        call = signature_name, version, outputs
        columns = by_name(inputs)
        known = self._known(version)
        try:
            response = self._predict(known.tensors(signature_name, columns), *call)
        except PolyrankError as error:
            if isinstance(error, ServingError) and error.code != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            # A version that is served since may take other columns.
            before = known.version
            try:
                known = self._known(version, again=True)
            except ServingError:
                raise error from None
            if known.version == before:
                raise
            response = self._predict(known.tensors(signature_name, columns), *call)
        if response.model_spec.version.value != known.version:
            self._signatures.pop(version, None)  # To be learned before the next request.
        return self._outputs(response)

    def predict_tensors(
        self,
        inputs: Mapping[str, ArrayLike],
        signature_name: str = PREDICT,
        version: int | None = None,
        outputs: Sequence[str] = (),
    ) -> dict[str, np.ndarray]:
        """Sends tensors as they are, of any shape, to the inputs of a signature; see `predict`.

        Args:
          inputs: an array an input; lists become what numpy makes of them.
          signature_name: the signature to call.
          version: the version to query, None for the newest.
          outputs: the outputs wanted, all where none is named.

        Raises:
          ServingError: with the server's status.
        """
        arrays = {name: as_array(values) for name, values in inputs.items()}
        return self._outputs(self._predict(arrays, signature_name, version, outputs))

    def _predict(
        self,
        inputs: Mapping[str, np.ndarray],
        signature_name: str,
        version: int | None,
        outputs: Sequence[str],
    ) -> predict_pb2.PredictResponse:
        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.CopyFrom(self._spec(version))
        request.model_spec.signature_name = signature_name
        for name, array in inputs.items():
            write_array(array, request.inputs[name])
        with self._named_errors():
            return self._prediction.Predict(request, timeout=self.timeout)

    @staticmethod
    def _outputs(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
        return {name: to_array(response.outputs[name]) for name in sorted(response.outputs)}

    def predict_examples(
        self, examples: Sequence[bytes], version: int | None = None
    ) -> dict[str, np.ndarray]:
        """Scores serialized tf.Examples `[B]` through `serving_default`; see `predict`."""
        return self.predict_tensors(
            {"examples": np.array(examples, dtype=object)}, SERVING_DEFAULT, version
        )

    def metadata(self, version: int | None = None) -> dict[str, SignatureSpec]:
        """The signatures that requests may name, by name; raises ServingError."""
        return {
            name: signature_spec(definition)
            for name, definition in sorted(self._known(version, again=True).definitions.items())
            if can_be_called(definition)
        }

    def columns(self, version: int | None = None) -> dict[str, ServedColumn]:
        """The columns that `predict` takes, by name: which may be missing, which are lists.

        Raises:
          PolyrankError: the model has no signature `predict`, or one that is not of columns.
          ServingError: with the server's status.
        """
        return self._known(version, again=True).columns(PREDICT)

    def _known(self, version: int | None, again: bool = False) -> ServedSignatures:
        known = None if again else self._signatures.get(version)
        if known is None:
            request = get_model_metadata_pb2.GetModelMetadataRequest(
                model_spec=self._spec(version), metadata_field=["signature_def"]
            )
            with self._named_errors():
                response = self._prediction.GetModelMetadata(request, timeout=self.timeout)
            known = self._signatures[version] = ServedSignatures.read(response)
        # Another thread may have dropped it from the mapping by now.
        return known
