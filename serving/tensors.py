"""TensorProto to numpy and back, without a copy an element where the format allows it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2

from common.errors import PolyrankError

_NUMERIC = (
    tf.bool,
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint16,
    tf.uint32,
    tf.uint64,
    tf.float16,
    tf.bfloat16,
    tf.float32,
    tf.float64,
)
_ENUM_OF = {np.dtype(dtype.as_numpy_dtype): dtype.as_datatype_enum for dtype in _NUMERIC}
_DTYPE_OF = {enum: dtype for dtype, enum in _ENUM_OF.items()}


class TensorError(PolyrankError, ValueError):
    """A tensor that can't be read or written: says what it holds and what was wanted."""


def dtype_name(enum: int) -> str:
    """The name of a `DataType`: `float32`, `string` and so on."""
    try:
        return tf.dtypes.as_dtype(enum).name
    except TypeError:
        return f"DataType {enum}"


def _size(shape: tuple[int, ...], proto_shape: tensor_shape_pb2.TensorShapeProto) -> int:
    if proto_shape.unknown_rank or any(size < 0 for size in shape):
        raise TensorError(f"a tensor's shape must be known in full, got {list(shape)}")
    return math.prod(shape)


def _strings(proto: tensor_pb2.TensorProto, size: int) -> np.ndarray:
    values = list(proto.string_val)
    if len(values) == 1 and size > 1:  # The format's shorthand for equal values.
        values *= size
    if len(values) != size:
        raise TensorError(f"a string tensor of {size} elements holds {len(values)} values")
    array = np.empty(size, dtype=object)
    array[:] = values
    return array


def to_array(proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Reads a tensor; numbers in `tensor_content` are not copied, and read-only then.

    Returns:
      An array of the tensor's shape and dtype; `object` holding bytes for strings.

    Raises:
      TensorError: an unusable dtype or shape, or content that does not fill the shape.
    """
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    size = _size(shape, proto.tensor_shape)
    if proto.dtype == types_pb2.DT_STRING:
        return _strings(proto, size).reshape(shape)
    dtype = _DTYPE_OF.get(proto.dtype)
    if dtype is None:
        raise TensorError(f"tensors of {dtype_name(proto.dtype)} can't be read")
    content = proto.tensor_content
    if content:
        if len(content) != size * dtype.itemsize:
            raise TensorError(
                f"a {dtype.name} tensor of shape {list(shape)} takes {size * dtype.itemsize} "
                f"bytes, got {len(content)}"
            )
        return np.frombuffer(content, dtype=dtype).reshape(shape)
    if size == 0:
        return np.empty(shape, dtype=dtype)
    try:
        return tf.make_ndarray(proto)
    except (ValueError, TypeError) as error:
        raise TensorError(f"a {dtype.name} tensor of shape {list(shape)}: {error}") from None


def _encoded(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    raise TensorError(f"a string tensor holds str or bytes, got {value!r} ({type(value).__name__})")


def write_array(array: np.ndarray, proto: tensor_pb2.TensorProto) -> None:
    """Writes `array` into an empty TensorProto, numbers as `tensor_content`.

    Raises:
      TensorError: a dtype that TensorFlow has no tensors of, or an object that is no string.
    """
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    if array.dtype.kind in "OSU":
        proto.dtype = types_pb2.DT_STRING
        proto.string_val.extend([_encoded(value) for value in array.ravel().tolist()])
        return
    dtype = array.dtype.newbyteorder("=")
    enum = _ENUM_OF.get(dtype)
    if enum is None:
        raise TensorError(f"an array of {array.dtype} can't be sent as a tensor")
    proto.dtype = enum
    proto.tensor_content = array.astype(dtype, copy=False).tobytes()


def to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """Returns `array` as a new TensorProto; see `write_array`."""
    proto = tensor_pb2.TensorProto()
    write_array(array, proto)
    return proto


def as_array(values: Any) -> np.ndarray:
    """A list as an array of the types that signatures use: int64, float32, bool or strings.

    Arrays are returned as they are.
    """
    if isinstance(values, np.ndarray):
        return values
    array = np.asarray(values)
    if array.dtype.kind in "SUO":
        return np.array(values, dtype=object)  # dtype S would drop trailing zero bytes.
    return array.astype(np.float32) if array.dtype.kind == "f" else array
