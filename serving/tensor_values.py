"""The values of a TensorProto, from whichever of its fields holds them.

A tensor may list fewer values than its shape has elements: the last one then stands for the
rest, and where there is none, zero or the empty string does, as in TensorFlow.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.errors import TensorError

_INT_VAL = (np.int8, np.int16, np.int32, np.uint8, np.uint16)
# dtype -> the field, and the dtype of what is in it.
_FIELDS: dict[np.dtype, tuple[str, np.dtype]] = {
    **{np.dtype(dtype): ("int_val", np.dtype(np.int32)) for dtype in _INT_VAL},
    np.dtype(np.bool_): ("bool_val", np.dtype(np.bool_)),
    np.dtype(np.int64): ("int64_val", np.dtype(np.int64)),
    np.dtype(np.uint32): ("uint32_val", np.dtype(np.uint32)),
    np.dtype(np.uint64): ("uint64_val", np.dtype(np.uint64)),
    np.dtype(np.float32): ("float_val", np.dtype(np.float32)),
    np.dtype(np.float64): ("double_val", np.dtype(np.float64)),
    # Bits, in the lower half of an int32.
    np.dtype(np.float16): ("half_val", np.dtype(np.int32)),
    np.dtype(tf.bfloat16.as_numpy_dtype): ("half_val", np.dtype(np.int32)),
    # The real and the imaginary part in turn.
    np.dtype(np.complex64): ("scomplex_val", np.dtype(np.float32)),
    np.dtype(np.complex128): ("dcomplex_val", np.dtype(np.float64)),
}


def _check_count(count: int, size: int) -> None:
    if count > size:
        raise TensorError(f"holds {count} values for {size} elements")


def _check_strings(proto: tensor_pb2.TensorProto, size: int) -> None:
    if proto.tensor_content:
        raise TensorError("holds strings in tensor_content; send them in string_val")
    _check_count(len(proto.string_val), size)


def string_values(proto: tensor_pb2.TensorProto, size: int) -> np.ndarray:
    """Returns a string tensor's values, [size], as an `object` array of bytes.

    Raises:
      TensorError: there are more values than elements, or they are not in `string_val`.
    """
    _check_strings(proto, size)
    values = list(proto.string_val)
    array = np.empty(size, dtype=object)
    array.fill(values[-1] if values else b"")
    array[: len(values)] = values
    return array


def string_bytes(proto: tensor_pb2.TensorProto, size: int) -> int:
    """The bytes of a string tensor's `size` values, the last one repeated.

    Raises:
      TensorError: as `string_values`, before any value becomes an object.
    """
    _check_strings(proto, size)
    values = proto.string_val
    if not values:
        return 0
    return sum(map(len, values)) + max(0, size - len(values)) * len(values[-1])


def listed_numbers(proto: tensor_pb2.TensorProto, dtype: np.dtype, size: int) -> np.ndarray:
    """Returns the numbers of a tensor without `tensor_content`, [size].

    Args:
      proto: the tensor.
      dtype: its dtype.
      size: the number of its elements.

    Raises:
      TensorError: there are more values than elements, or half of a complex number.
    """
    field, kind = _FIELDS[dtype]
    listed = getattr(proto, field)
    count = len(listed)
    if dtype.kind == "c":
        if count % 2:
            raise TensorError(f"holds {count} parts of complex numbers, wanted an even count")
        count //= 2
    _check_count(count, size)
    values = np.fromiter(listed, kind, len(listed))
    if dtype.kind == "c":
        values = values.view(dtype)
    elif field == "half_val":
        values = values.astype(np.uint16).view(dtype)
    else:
        values = values.astype(dtype, copy=False)
    if count == size:
        return values
    array = np.full(size, values[-1] if count else 0, dtype)
    array[:count] = values
    return array
