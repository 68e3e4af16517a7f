"""TF Serving's gRPC services over the versions of one model.

Codes and messages are TF Serving's, so that a client meets no surprise in production.
"""

from __future__ import annotations

import logging
from typing import NoReturn

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.errors import RequestError
from serving.predict import predict
from serving.versions import Versions

_SIGNATURE_DEF = "signature_def"


def _answer_error(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if isinstance(error, RequestError):
        context.abort(error.code, str(error))
    logging.getLogger(__name__).error("a request failed", exc_info=error)
    context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
    raise AssertionError("abort raises")


def _wanted_version(spec: model_pb2.ModelSpec, versions: Versions) -> int | None:
    if not spec.name:
        raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, "ModelSpec has no name specified.")
    choice = spec.WhichOneof("version_choice")
    if choice == "version_label":
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"Unrecognized servable version label: {spec.version_label}",
        )
    version = spec.version.value if choice == "version" else None
    if spec.name != versions.name:
        wanted = f"Latest({spec.name})" if version is None else f"Specific({spec.name}, {version})"
        raise RequestError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}")
    return version


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; Classify, Regress and MultiInference are unimplemented."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def Predict(  # noqa: N802, the service's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature of the version asked for."""
        try:
            version = _wanted_version(request.model_spec, self._versions)
            with self._versions.borrow(version) as (number, model):
                return predict(model, number, request)
        except Exception as error:
            _answer_error(context, error)

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Returns the SignatureDefs of the version asked for."""
        try:
            return self._metadata(request)
        except Exception as error:
            _answer_error(context, error)

    def _metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        if not request.HasField("model_spec"):
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")
        if not request.metadata_field:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                "GetModelMetadataRequest must specify at least one metadata_field",
            )
        for field in request.metadata_field:
            if field != _SIGNATURE_DEF:
                raise RequestError(
                    grpc.StatusCode.INVALID_ARGUMENT, f"Metadata field {field} is not supported"
                )
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        version = _wanted_version(request.model_spec, self._versions)
        with self._versions.borrow(version) as (number, model):
            response.model_spec.name = self._versions.name
            response.model_spec.version.value = number
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, definition in model.definitions.items():
                signatures.signature_def[name].CopyFrom(definition)
        response.metadata[_SIGNATURE_DEF].Pack(signatures)
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus; HandleReloadConfigRequest is unimplemented."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Returns the state of one version or of every version seen."""
        try:
            return self._status(request)
        except Exception as error:
            _answer_error(context, error)

    def _status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        if not request.HasField("model_spec"):
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")
        spec = request.model_spec
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
                entry.status.error_message = status.error
        return response
