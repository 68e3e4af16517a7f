"""Requests of megabytes, most of which would take far more once they are read."""

from __future__ import annotations

import random

from city_model import CITIES
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2

MIB = 2**20
SHAPE, INT64_VAL, STRING_VAL, CONTENT = 2, 10, 8, 4
# Patterns that a tensor's bytes are filled with.
PATTERNS = (
    b"\x50\x01",  # int64_val, one by one.
    b"\x2d\0\0\x80\x3f",  # float_val, one by one.
    b"\x42\x00",
    b"\x42\x02ab",
    b"\x42\x80\x00",  # An empty string, its length in two bytes.
    b"\x08\x01",  # dtype.
    b"\x52\x01\x01",  # int64_val, packed one by one.
    b"\x7a\x00",  # variant_val.
)


def number(value: int) -> bytes:
    """A varint."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(tag: int, content: bytes) -> bytes:
    """A field that has a length; bits of its number above protobuf's are kept."""
    return number(tag << 3 | 2) + number(len(content)) + content


SPEC = field(1, field(1, b"cities") + field(3, b"predict"))


def dearest_request() -> bytes:
    """As many empty strings as a request may have, the most memory that 8 MiB can take."""
    return SPEC + field(2, field(1, b"city") + field(2, b"\x42\x00" * 4 * MIB))


def valid_request(source: random.Random) -> predict_pb2.PredictRequest:
    """16,000 rows that are scored, with long names of cities that the model does not know."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "cities", "predict"
    age, city = request.inputs["age"], request.inputs["city"]
    age.dtype, city.dtype = types_pb2.DT_FLOAT, types_pb2.DT_STRING
    for tensor in (age, city):
        tensor.tensor_shape.dim.add(size=16_000)
    names = [name.encode() for name in (*CITIES, "x" * 100, "y" * 200)]
    city.string_val.extend(source.choices(names, k=16_000))
    age.float_val.extend(source.choices((0.5, -2.0, 3.25), k=16_000))
    return request


def large_request(source: random.Random) -> bytes:
    """A PredictRequest of 1 to 8 MiB."""
    kind = source.randrange(4)
    if kind == 0:
        return valid_request(source).SerializeToString()
    size = source.choice((1, 2, 8)) * MIB
    if kind == 1:  # Dimensions, with a tag that may have more than 32 bits.
        dimensions = b"\x12\x00" * (size // 2)
        tensor = field(SHAPE + source.choice((0, 2**29)), dimensions)
    elif kind == 2:
        pattern = source.choice(PATTERNS)
        tensor = pattern * (size // len(pattern))
    else:
        content = source.choice((b"\x01", b"\xff")) * size
        tensor = field(source.choice((INT64_VAL, STRING_VAL, CONTENT)), content)
    if source.random() < 0.1:
        return SPEC + b"\x12\x00" * (size // 2)  # Inputs.
    name = source.choice((b"age", b"city"))
    return SPEC + field(2, field(1, name) + field(2, tensor))
