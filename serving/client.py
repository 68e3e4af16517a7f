"""A client of TF Serving's gRPC services."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from numpy.typing import ArrayLike
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from common.errors import PolyrankError
from common.names import PREDICT, SERVING_DEFAULT
from serving.errors import ServingError
from serving.rows import by_name
from serving.served_columns import ServedColumn
from serving.served_signatures import ServedSignatures
from serving.signatures import SignatureSpec, can_be_called, signature_spec
from serving.tensors import as_array, to_array, write_array

_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class ModelVersion:
    """A version as the server reports it.

    Attributes:
      version: its number.
      state: `START`, `LOADING`, `AVAILABLE`, `UNLOADING` or `END`.
      error: why it could not be loaded, else empty.
    """

    version: int
    state: str
    error: str = ""


class Client:
    """Asks the model `model_name` of the server at `target`; a context manager.

    Example:
      with Client("localhost:8500", "polyrank") as client:
          scores = client.predict({"user_id": [7, 7], "item_id": [1, 2]})
    """

    def __init__(self, target: str, model_name: str, timeout: float = 10.0) -> None:
        """Opens a channel; nothing is sent yet.

        Args:
          target: `host:port`.
          model_name: the model's name.
          timeout: seconds that a call may take.
        """
        self.target = target
        self.model_name = model_name
        self.timeout = timeout
        self._channel = grpc.insecure_channel(
            target,
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                # gRPC waits up to two minutes between attempts; a server that starts is near.
                ("grpc.max_reconnect_backoff_ms", 1000),
            ],
        )
        self._signatures: dict[int | None, ServedSignatures] = {}
        self._prediction = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._model = model_service_pb2_grpc.ModelServiceStub(self._channel)

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
            missing; see `serving.rows`.
          signature_name: the signature to call.
          version: the version to query, None for the newest.
          outputs: the outputs wanted, all where none is named.

        Raises:
          ColumnValueError: a value has no place in its column's type, or is missing where the
            model needs one; names the column, the row, the value and the type.
          BadDataError: the columns are not the model's, or their sizes differ.
          ServingError: with the server's status.
        """
        asked = signature_name, version, outputs
        columns = by_name(inputs)
        known = self._known(version)
        try:
            response = self._predict(known.tensors(signature_name, columns), *asked)
        except PolyrankError as error:
            if isinstance(error, ServingError) and error.code != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            # A version that is served since may take other columns.
            newer = self._known(version, again=True)
            if newer.version == known.version:
                raise
            response = self._predict(newer.tensors(signature_name, columns), *asked)
        if response.model_spec.version.value != self._signatures[version].version:
            self._signatures.pop(version, None)
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
        """The columns that `predict` takes, by name, and which may be missing.

        Raises:
          PolyrankError: the model has no signature `predict`, or one that is not of columns.
          ServingError: with the server's status.
        """
        return self._known(version, again=True).columns(PREDICT)

    def status(self) -> list[ModelVersion]:
        """The versions that the server knows, the newest first; raises ServingError."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=self._spec(None))
        with self._named_errors():
            response = self._model.GetModelStatus(request, timeout=self.timeout)
        return sorted(
            (
                ModelVersion(
                    item.version,
                    get_model_status_pb2.ModelVersionStatus.State.Name(item.state),
                    item.status.error_message,
                )
                for item in response.model_version_status
            ),
            key=lambda item: -item.version,
        )

    def wait_until_available(self, timeout: float = 60.0, version: int | None = None) -> int:
        """Waits until a version (or the one named) answers requests.

        Returns:
          The available version's number.

        Raises:
          ServingError: the newest version can't be loaded while no other serves,
            or nothing is available after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            last: ServingError
            try:
                known = [v for v in self.status() if version in (None, v.version)]
                available = [item.version for item in known if item.state == "AVAILABLE"]
                if available:
                    return available[0]
                if known and known[0].error:
                    raise ServingError(
                        f"version {known[0].version} of model '{self.model_name}' at "
                        f"{self.target} can't be served: {known[0].error}",
                        grpc.StatusCode.FAILED_PRECONDITION,
                    )
                states = ", ".join(f"{item.version} is {item.state}" for item in known)
                last = ServingError(states or "no such version", grpc.StatusCode.UNAVAILABLE)
            except ServingError as error:
                if error.code == grpc.StatusCode.FAILED_PRECONDITION:
                    raise
                last = error
            if time.monotonic() > deadline:
                raise ServingError(
                    f"model '{self.model_name}' at {self.target} is not available after "
                    f"{timeout:g} s: {last}",
                    last.code,
                )
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """Closes the channel."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, version: int | None, again: bool = False) -> ServedSignatures:
        if again or version not in self._signatures:
            request = get_model_metadata_pb2.GetModelMetadataRequest(
                model_spec=self._spec(version), metadata_field=["signature_def"]
            )
            with self._named_errors():
                response = self._prediction.GetModelMetadata(request, timeout=self.timeout)
            self._signatures[version] = ServedSignatures.read(response)
        return self._signatures[version]

    def _spec(self, version: int | None) -> model_pb2.ModelSpec:
        spec = model_pb2.ModelSpec(name=self.model_name)
        if version is not None:
            spec.version.value = version
        return spec

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise ServingError(
                f"model '{self.model_name}' at {self.target}: {error.code().name}: "
                f"{error.details()}",
                error.code(),
            ) from None
