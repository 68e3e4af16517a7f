"""TF Serving's gRPC services over the versions of one model.

Codes and messages are TF Serving's, so that a client meets no surprise in production. Classify,
Regress, MultiInference and HandleReloadConfigRequest are unimplemented.
"""

from __future__ import annotations

import functools
from concurrent import futures

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

from serving.errors import RequestError
from serving.limits import Limits
from serving.loading.versions import Versions
from serving.services import wire_check
from serving.services.error_text import client_text
from serving.services.handlers import Method, check_is_small, service
from serving.services.inputs import invalid
from serving.services.predict import predict

_SIGNATURE_DEF = "signature_def"


class Services:
    """PredictionService and ModelService of one model."""

    def __init__(
        self, versions: Versions, limits: Limits, status_pool: futures.ThreadPoolExecutor
    ) -> None:
        """Sets the services up.

        Args:
          versions: of the model.
          limits: what a Predict request may hold.
          status_pool: threads for all methods but Predict. A thread waits for its request, so
            callers of Predict that send none would keep health checks from being answered.
        """
        self._versions = versions
        self._status_pool = status_pool
        self._limits = limits
        self._client_text = functools.partial(
            client_text, base_path=versions.base_path, model_name=versions.name
        )

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """What a gRPC server registers."""
        check = functools.partial(wire_check.check, limits=self._limits)
        prediction = {
            "Predict": Method(predict_pb2.PredictRequest, check, self.predict),
            "GetModelMetadata": Method(
                get_model_metadata_pb2.GetModelMetadataRequest,
                check_is_small,
                self.metadata,
                self._status_pool,
            ),
        }
        status_request = get_model_status_pb2.GetModelStatusRequest
        model = {
            "GetModelStatus": Method(status_request, check_is_small, self.status, self._status_pool)
        }
        return (
            service("tensorflow.serving.PredictionService", prediction, self._client_text),
            service("tensorflow.serving.ModelService", model, self._client_text),
        )

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        """Runs a signature of the version that the request names.

        Raises:
          RequestError: with the status that TF Serving answers with.
        """
        version = self._version(_model_spec(request))
        with self._versions.borrow(version) as (number, model):
            return predict(model, number, request, self._limits)

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the SignatureDefs of the version that the request names; see `predict`."""
        spec = _model_spec(request)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != _SIGNATURE_DEF:
                raise invalid(f"Metadata field {field} is not supported")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._versions.borrow(self._version(spec)) as (number, model):
            response.model_spec.name = self._versions.name
            response.model_spec.version.value = number
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, definition in model.definitions.items():
                signatures.signature_def[name].CopyFrom(definition)
        response.metadata[_SIGNATURE_DEF].Pack(signatures)
        return response

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the state of one version or of every version seen; see `predict`."""
        spec = _model_spec(request)
        statuses = self._versions.statuses() if spec.name == self._versions.name else {}
        missing = f"Could not find any versions of model {spec.name}"
        if spec.HasField("version"):
            version = spec.version.value
            statuses = {version: statuses[version]} if version in statuses else {}
            missing = f"Could not find version {version} of model {spec.name}"
        if not statuses:
            raise RequestError(grpc.StatusCode.NOT_FOUND, missing)
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, status in statuses.items():
            entry = response.model_version_status.add(version=version, state=status.state.value)
            if status.error:
                entry.status.error_code = grpc.StatusCode.UNKNOWN.value[0]
                entry.status.error_message = self._client_text(status.error)
        return response

    def _version(self, spec: model_pb2.ModelSpec) -> int | None:
        """The version that a request names, None where it wants the newest."""
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        version = spec.version.value if choice == "version" else None
        if spec.name != self._versions.name:
            wanted = f"Latest({spec.name})"
            if version is not None:
                wanted = f"Specific({spec.name}, {version})"
            raise RequestError(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}"
            )
        return version


def _model_spec(
    request: predict_pb2.PredictRequest
    | get_model_metadata_pb2.GetModelMetadataRequest
    | get_model_status_pb2.GetModelStatusRequest,
) -> model_pb2.ModelSpec:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec
