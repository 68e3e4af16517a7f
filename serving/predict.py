"""Answers a PredictRequest from a loaded model, with TF Serving's checks and messages."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from grpc import StatusCode
from tensorflow_serving.apis import predict_pb2

from common.names import SERVING_DEFAULT
from serving.errors import STATUS_CODES, RequestError
from serving.loader import LoadedModel, Signature
from serving.signatures import TensorSpec
from serving.tensors import TensorError, dtype_name, to_array, write_array


def _names(names: Iterable[str]) -> str:
    return f"{{{','.join(sorted(names))}}}"


def _invalid(message: str) -> RequestError:
    return RequestError(StatusCode.INVALID_ARGUMENT, message)


def _check_names(request: predict_pb2.PredictRequest, signature: Signature) -> None:
    sent, wanted = request.inputs.keys(), signature.spec.inputs.keys()
    if len(sent) != len(wanted):
        raise _invalid(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({_names(sent)}) != len({_names(wanted)}). "
            f"Sent extra: {_names(set(sent) - set(wanted))}. "
            f"Missing but required: {_names(set(wanted) - set(sent))}."
        )
    for name in sent:
        if name not in wanted:
            raise _invalid(
                f"input tensor alias not found in signature: {name}. "
                f"Inputs expected to be in the set {_names(wanted)}."
            )


def _check_outputs(asked: list[str], signature: Signature) -> None:
    for name in asked:
        if name not in signature.spec.outputs:
            raise _invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {_names(signature.spec.outputs)}."
            )
        if asked.count(name) > 1:
            raise _invalid(f"duplicate output tensor alias: {name}")


def _input(request: predict_pb2.PredictRequest, name: str, spec: TensorSpec) -> np.ndarray:
    proto = request.inputs[name]
    got = dtype_name(proto.dtype)
    if got != spec.dtype:
        raise _invalid(f"input '{name}': expected {spec.dtype}, got {got}")
    try:
        array = to_array(proto)
    except TensorError as error:
        raise _invalid(f"tensor parsing error: {name}: {error}") from None
    if not spec.accepts(array.shape):
        raise _invalid(
            f"input '{name}': expected shape {spec.shape_text()}, got {list(array.shape)}"
        )
    return array


def predict(
    model: LoadedModel, version: int, request: predict_pb2.PredictRequest
) -> predict_pb2.PredictResponse:
    """Runs the request's signature (`serving_default` where it names none).

    Raises:
      RequestError: with the status and message that TF Serving answers with.
    """
    signature_name = request.model_spec.signature_name or SERVING_DEFAULT
    signature = model.signatures.get(signature_name)
    if signature is None:
        raise RequestError(
            StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature_name}" not found.'
        )
    _check_names(request, signature)
    asked = list(request.output_filter)
    _check_outputs(asked, signature)
    inputs = {name: _input(request, name, spec) for name, spec in signature.spec.inputs.items()}
    try:
        outputs = signature.run(inputs, asked)
    except tf.errors.OpError as error:
        raise RequestError(STATUS_CODES[error.error_code], error.message) from None
    response = predict_pb2.PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.version.value = version
    response.model_spec.signature_name = signature_name
    for name, array in outputs.items():
        write_array(np.asarray(array), response.outputs[name])
    return response
