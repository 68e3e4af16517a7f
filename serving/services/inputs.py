"""The arrays of a PredictRequest, checked against its signature and the server's limits.

Names, dtypes, shapes and sizes come first, since all of them are known before any value is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from grpc import StatusCode
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from serving.errors import RequestError, TensorError
from serving.limits import Limits
from serving.signatures import TensorSpec
from serving.tensors import dtype_name, elements_of, shape_of, to_array


def names_text(names: Iterable[str]) -> str:
    """Names as TF Serving writes them: `{age,city}`."""
    return f"{{{','.join(sorted(names))}}}"


def invalid(message: str) -> RequestError:
    """Returns the error of a request that can't be right."""
    return RequestError(StatusCode.INVALID_ARGUMENT, message)


def read_inputs(
    request: predict_pb2.PredictRequest, wanted: Mapping[str, TensorSpec], limits: Limits
) -> dict[str, np.ndarray]:
    """Reads the tensors of a request.

    Args:
      request: its `inputs` are read.
      wanted: the signature's inputs.
      limits: what the tensors may hold.

    Returns:
      An array for every input of the signature, of its dtype.

    Raises:
      RequestError: INVALID_ARGUMENT, with the input's name.
    """
    _check_names(request, wanted)
    shapes = {name: _shape(request.inputs[name], name, spec) for name, spec in wanted.items()}
    _check_rows(shapes, wanted, limits)
    _check_elements(shapes, limits)
    inputs: dict[str, np.ndarray] = {}
    room = limits.tensor_bytes
    for name in wanted:
        try:
            inputs[name] = to_array(request.inputs[name], room)
        except TensorError as error:
            raise invalid(f"tensor parsing error: {name}: {error}") from None
        room -= _bytes_of(inputs[name])
    return inputs


def _check_names(
    request: predict_pb2.PredictRequest, wanted_specs: Mapping[str, TensorSpec]
) -> None:
    sent, wanted = request.inputs.keys(), wanted_specs.keys()
    if len(sent) != len(wanted):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({names_text(sent)}) != len({names_text(wanted)}). "
            f"Sent extra: {names_text(set(sent) - set(wanted))}. "
            f"Missing but required: {names_text(set(wanted) - set(sent))}."
        )
    for name in sent:
        if name not in wanted:
            raise invalid(
                f"input tensor alias not found in signature: {name}. "
                f"Inputs expected to be in the set {names_text(wanted)}."
            )


def _shape(proto: tensor_pb2.TensorProto, name: str, spec: TensorSpec) -> tuple[int, ...]:
    got = dtype_name(proto.dtype)
    if got != spec.dtype:
        raise invalid(f"input '{name}': expected {spec.dtype}, got {got}")
    try:
        shape = shape_of(proto)
    except TensorError as error:
        raise invalid(f"tensor parsing error: {name}: {error}") from None
    if not spec.accepts(shape):
        raise invalid(f"input '{name}': expected shape {spec.shape_text()}, got {list(shape)}")
    return shape


def _check_rows(
    shapes: Mapping[str, tuple[int, ...]], wanted: Mapping[str, TensorSpec], limits: Limits
) -> None:
    """One row of one input belongs to one row of another, so their counts are equal.

    TensorFlow would repeat the only row of an input silently. TF Serving refuses it with
    `--enable_batching`.
    """
    counts = {name: shape[0] for name, shape in shapes.items() if shape}
    for name, rows in counts.items():
        if rows > limits.rows:
            raise invalid(
                f"input '{name}': {rows} rows, this server takes at most {limits.rows} (--max-rows)"
            )
    free = {name: rows for name, rows in counts.items() if wanted[name].any_rows}
    for name, rows in free.items():
        other, first = next(iter(free.items()))
        if rows != first:
            raise invalid(
                f"input tensors must have equal 0th-dimension size: input '{name}' has {rows} "
                f"rows, input '{other}' {first}"
            )


def _check_elements(shapes: Mapping[str, tuple[int, ...]], limits: Limits) -> None:
    elements = 0
    for name, shape in shapes.items():
        elements += elements_of(shape)
        if elements > limits.elements:
            raise invalid(
                f"input '{name}': shape {list(shape)} makes {elements} elements in all, this "
                f"server takes at most {limits.elements} a request (--max-elements)"
            )


def _bytes_of(array: np.ndarray) -> int:
    if array.dtype != object:
        return array.nbytes
    return array.nbytes + sum(map(len, array.ravel().tolist()))
