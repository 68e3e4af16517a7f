"""Answers a PredictRequest from a loaded model, with TF Serving's checks and messages."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from grpc import StatusCode
from tensorflow_serving.apis import predict_pb2

from common.names import SERVING_DEFAULT
from serving.errors import STATUS_CODES, RequestError
from serving.limits import Limits
from serving.loading.loader import LoadedModel, Signature
from serving.services.inputs import invalid, names_text, read_inputs
from serving.tensors import write_array


def _check_outputs(wanted: list[str], signature: Signature) -> None:
    seen: set[str] = set()
    for name in wanted:
        if name not in signature.spec.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {names_text(signature.spec.outputs)}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.add(name)


def predict(
    model: LoadedModel,
    version: int,
    request: predict_pb2.PredictRequest,
    limits: Limits,
) -> predict_pb2.PredictResponse:
    """Runs the request's signature (`serving_default` where it names none).

    Args:
      model: the model.
      version: its number, which the response names.
      request: the request.
      limits: what the request's tensors may hold.

    Raises:
      RequestError: with the status and message that TF Serving answers with; INVALID_ARGUMENT
        for what is above a limit, which TF Serving has none of.
    """
    signature_name = request.model_spec.signature_name or SERVING_DEFAULT
    signature = model.signatures.get(signature_name)
    if signature is None:
        raise RequestError(
            StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature_name}" not found.'
        )
    wanted = list(request.output_filter)
    _check_outputs(wanted, signature)
    inputs = read_inputs(request, signature.spec.inputs, limits)
    try:
        outputs = signature.run(inputs, wanted)
    except tf.errors.OpError as error:
        raise RequestError(STATUS_CODES[error.error_code], error.message) from None
    response = predict_pb2.PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.version.value = version
    response.model_spec.signature_name = signature_name
    for name, array in outputs.items():
        write_array(np.asarray(array), response.outputs[name])
    return response
