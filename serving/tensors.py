"""TensorProto to numpy and back, without a copy an element where the format allows it."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.errors import TensorError
from serving.tensor_values import listed_numbers, string_bytes, string_values

MAX_RANK = 32
"""The most dimensions that numpy knows."""

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
    tf.complex64,
    tf.complex128,
)
_ENUM_OF = {np.dtype(dtype.as_numpy_dtype): dtype.as_datatype_enum for dtype in _NUMERIC}
_DTYPE_OF = {enum: dtype for dtype, enum in _ENUM_OF.items()}
_POINTER_BYTES = 8


def dtype_name(enum: int) -> str:
    """The name of a `DataType`: `float32`, `string` and so on."""
    try:
        return tf.dtypes.as_dtype(enum).name
    except TypeError:
        return f"DataType {enum}"


def shape_of(proto: tensor_pb2.TensorProto) -> tuple[int, ...]:
    """Reads a tensor's shape, and nothing of its values.

    Raises:
      TensorError: it has more than 32 dimensions, or one that is negative or not known.
    """
    dims = proto.tensor_shape.dim
    if len(dims) > MAX_RANK:
        raise TensorError(f"a tensor has {len(dims)} dimensions, wanted {MAX_RANK} or fewer")
    shape = tuple(dim.size for dim in dims)
    if proto.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise TensorError(f"a tensor's shape must be known in full, got {list(shape)}")
    return shape


def elements_of(shape: tuple[int, ...]) -> int:
    """The number of elements that a shape stands for, where a dimension of 0 counts as 1.

    numpy can't hold an empty tensor of other dimensions that are too large either.
    """
    return math.prod(max(size, 1) for size in shape)


def to_array(proto: tensor_pb2.TensorProto, max_bytes: int = sys.maxsize) -> np.ndarray:
    """Reads a tensor; numbers in `tensor_content` are not copied, and read-only then.

    Args:
      proto: the tensor.
      max_bytes: the most that its values may take in memory, checked before they take it.

    Returns:
      An array of the tensor's shape and dtype; `object` holding bytes for strings.

    Raises:
      TensorError: an unusable dtype or shape, content that does not fill the shape, more values
        than elements, or more bytes than `max_bytes`.
    """
    shape = shape_of(proto)
    size = math.prod(shape)
    is_string = proto.dtype == types_pb2.DT_STRING
    dtype = np.dtype(object) if is_string else _DTYPE_OF.get(proto.dtype)
    if dtype is None:
        raise TensorError(f"tensors of {dtype_name(proto.dtype)} can't be read")
    kind = f"a {dtype_name(proto.dtype)} tensor of shape {list(shape)}"
    taken = elements_of(shape) * (_POINTER_BYTES if is_string else dtype.itemsize)
    try:
        if taken <= max_bytes and is_string:
            taken += string_bytes(proto, size)
        if taken > max_bytes:
            raise TensorError(f"takes {taken:,} bytes, at most {max_bytes:,} may be taken")
        content = proto.tensor_content
        if content and not is_string:
            if len(content) != size * dtype.itemsize:
                raise TensorError(f"takes {size * dtype.itemsize} bytes, got {len(content)}")
            values = np.frombuffer(content, dtype=dtype)
            # A byte other than 0 and 1 is no bool to TensorFlow's kernels.
            return (values.view(np.uint8) != 0 if dtype == np.bool_ else values).reshape(shape)
        values = string_values(proto, size) if is_string else listed_numbers(proto, dtype, size)
    except TensorError as error:
        raise TensorError(f"{kind} {error}") from None
    return values.reshape(shape)


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
