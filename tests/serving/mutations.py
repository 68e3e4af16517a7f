"""Requests to the city model that something has happened to, from a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import tensorflow as tf
from city_model import CITIES
from large_requests import dearest_request, large_request
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
)

PREDICT = "PredictionService/Predict"
METADATA = "PredictionService/GetModelMetadata"
STATUS = "ModelService/GetModelStatus"
LARGE_EVERY = 400
"""Requests from one of megabytes to the next: each takes as long as hundreds of others."""
DIMENSIONS = (0, 1, 2, 3, 5, 300, 5000, 16_385, 2**31, 2**40, 2**62, 2**63 - 1, -1, -2, -(2**63))
NAMES = ("", "age", "city", "examples", "AGE", "age\0", "é", "x" * 3000, "/etc/passwd", "logit")
NUMBERS = (0.0, -0.0, 1.5, -3.25, 1e30, -1e-30, float("inf"), float("nan"))
FIELDS = (
    "float_val", "double_val", "int_val", "int64_val", "uint32_val", "uint64_val", "bool_val",
    "half_val", "string_val", "scomplex_val", "dcomplex_val",
)  # fmt: skip


def example(city: str, age: float) -> bytes:
    """A serialized tf.Example of one row."""
    features = {
        "city": tf.train.Feature(bytes_list=tf.train.BytesList(value=[city.encode()])),
        "age": tf.train.Feature(float_list=tf.train.FloatList(value=[age])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


class Mutator:
    """Makes requests, valid ones and ones with one to three mutations; the same from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._made = 0

    def rows(self) -> list[tuple[str, float]]:
        """A city and an age a row; some cities are not in the vocabulary."""
        count = self.random.choice((1, 1, 2, 3, 8, 50))
        cities = [*CITIES, "nowhere"]
        return [
            (self.random.choice(cities), self.random.randint(-50, 50) / 4) for _ in range(count)
        ]

    def predict(self, rows: list[tuple[str, float]]) -> predict_pb2.PredictRequest:
        """A valid request for rows, in one of the ways in which clients write one."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "cities"
        if self.random.random() < 0.3:
            request.model_spec.signature_name = "serving_default"
            examples = request.inputs["examples"]
            examples.dtype = types_pb2.DT_STRING
            examples.tensor_shape.dim.add(size=len(rows))
            examples.string_val.extend([example(city, age) for city, age in rows])
            return request
        request.model_spec.signature_name = "predict"
        age, city = request.inputs["age"], request.inputs["city"]
        age.dtype, city.dtype = types_pb2.DT_FLOAT, types_pb2.DT_STRING
        for tensor in (age, city):
            tensor.tensor_shape.dim.add(size=len(rows))
        city.string_val.extend([name.encode() for name, _ in rows])
        ages = [value for _, value in rows]
        if self.random.random() < 0.5:
            age.float_val.extend(ages)
        else:
            age.tensor_content = struct.pack(f"<{len(ages)}f", *ages)
        return request

    def mutated(self) -> tuple[str, bytes]:
        """A method, and bytes to send it."""
        self._made += 1
        if self._made % LARGE_EVERY == LARGE_EVERY // 4:
            # All threads begin with it, so that the server's memory has been through the worst.
            is_first = self._made < LARGE_EVERY
            return PREDICT, dearest_request() if is_first else large_request(self.random)
        kind = self.random.random()
        if kind < 0.05:
            return METADATA, self._bytes(
                self._other(get_model_metadata_pb2.GetModelMetadataRequest)
            )
        if kind < 0.1:
            return STATUS, self._bytes(self._other(get_model_status_pb2.GetModelStatusRequest))
        request = self.predict(self.rows())
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            self.random.choice(self._changes())(request)
        data = request.SerializeToString()
        return PREDICT, self._bytes(data) if self.random.random() < 0.4 else data

    def _other(self, kind):
        message = kind()
        if self.random.random() < 0.8:
            message.model_spec.name = self.random.choice(("cities", *NAMES))
        if self.random.random() < 0.3:
            message.model_spec.version.value = self.random.choice(DIMENSIONS)
        if kind is get_model_metadata_pb2.GetModelMetadataRequest:
            fields = [self.random.choice(("signature_def", *NAMES)) for _ in range(2)]
            message.metadata_field.extend(fields[: self.random.randrange(3)])
        return message.SerializeToString()

    def _changes(self) -> tuple[Callable[[predict_pb2.PredictRequest], None], ...]:
        return (
            self._shape, self._shape, self._dimensions, self._dtype, self._values, self._values,
            self._content, self._inputs, self._spec, self._outputs, self._examples, self._nested,
        )  # fmt: skip

    def _tensor(self, request: predict_pb2.PredictRequest) -> tensor_pb2.TensorProto:
        return request.inputs[self.random.choice(sorted(request.inputs) or ["age"])]

    def _shape(self, request: predict_pb2.PredictRequest) -> None:
        shape = self._tensor(request).tensor_shape
        kind = self.random.randrange(4)
        if kind == 0 and shape.dim:
            self.random.choice(shape.dim).size = self.random.choice(DIMENSIONS)
        elif kind == 1:
            del shape.dim[:]
            for _ in range(self.random.choice((0, 1, 2, 3, 32, 33, 254, 255))):
                shape.dim.add(size=self.random.choice(DIMENSIONS))
        elif kind == 2:
            shape.unknown_rank = True
        else:  # The same for all inputs: only the values are too few or too many then.
            size = self.random.choice(DIMENSIONS)
            for tensor in request.inputs.values():
                del tensor.tensor_shape.dim[:]
                tensor.tensor_shape.dim.add(size=size)

    def _dimensions(self, request: predict_pb2.PredictRequest) -> None:
        count = self.random.choice((40, 1000, 30_000))
        self._tensor(request).tensor_shape.MergeFromString(b"\x12\x00" * count)

    def _dtype(self, request: predict_pb2.PredictRequest) -> None:
        known = (*range(32), *range(100, 132), -1, 2**31 - 1, -(2**31), 7777)
        self._tensor(request).dtype = self.random.choice(known)

    def _values(self, request: predict_pb2.PredictRequest) -> None:
        tensor = self._tensor(request)
        field = self.random.choice(FIELDS)
        if self.random.random() < 0.5:  # The field that is read.
            field = "string_val" if tensor.dtype == types_pb2.DT_STRING else "float_val"
            tensor.ClearField("tensor_content")
        count = self.random.choice((0, 1, 2, 3, 1000))
        made: dict[str, Callable[[], object]] = {
            "bool_val": lambda: self.random.random() < 0.5,
            "string_val": lambda: self.random.randbytes(self.random.choice((0, 1, 5, 1000))),
        }
        number = (lambda: self.random.choice(NUMBERS)) if "complex" in field else None
        if field in ("float_val", "double_val"):
            number = lambda: self.random.choice(NUMBERS)  # noqa: E731
        whole = lambda: self.random.choice((0, 1, 7, 2**15, 2**31 - 1))  # noqa: E731
        make = made.get(field) or number or whole
        tensor.ClearField(field)
        getattr(tensor, field).extend([make() for _ in range(count)])

    def _content(self, request: predict_pb2.PredictRequest) -> None:
        tensor = self._tensor(request)
        tensor.tensor_content = self.random.choice(
            (tensor.tensor_content[:-1], tensor.tensor_content * 2, self.random.randbytes(4))
        )

    def _inputs(self, request: predict_pb2.PredictRequest) -> None:
        kind = self.random.randrange(4)
        names = sorted(request.inputs)
        name = self.random.choice(names) if names else "age"
        if kind == 0 and names:
            del request.inputs[name]
        elif kind == 1:
            request.inputs[self.random.choice(NAMES)].CopyFrom(request.inputs[name])
        elif kind == 2:
            other = request.inputs[self.random.choice(names or ["age"])]
            request.inputs[name].CopyFrom(other)
        else:
            for number in range(self.random.choice((3, 300))):
                request.inputs[f"input_{number}"].dtype = types_pb2.DT_FLOAT

    def _spec(self, request: predict_pb2.PredictRequest) -> None:
        spec = request.model_spec
        kind = self.random.randrange(5)
        if kind == 0:
            spec.name = self.random.choice(NAMES)
        elif kind == 1:
            spec.signature_name = self.random.choice(
                (*NAMES, "predict", "serving_default", "__saved_model_init_op")
            )
        elif kind == 2:
            spec.version.value = self.random.choice((7, *DIMENSIONS))
        elif kind == 3:
            spec.version_label = self.random.choice(NAMES)
        else:
            request.ClearField("model_spec")

    def _outputs(self, request: predict_pb2.PredictRequest) -> None:
        names = ("logit", "click", "city", "logit", "click", *NAMES)
        count = self.random.choice((1, 2, 3, 500))
        request.output_filter.extend([self.random.choice(names) for _ in range(count)])

    def _examples(self, request: predict_pb2.PredictRequest) -> None:
        tensor = self._tensor(request)
        tensor.string_val[:] = [self._bytes(value) for value in tensor.string_val]

    def _nested(self, request: predict_pb2.PredictRequest) -> None:
        tensor = self._tensor(request)
        for _ in range(self.random.choice((1, 10, 60))):
            inner = tensor_pb2.TensorProto()
            inner.variant_val.add(type_name="x").tensors.add().CopyFrom(tensor)
            tensor.CopyFrom(inner)
            tensor.dtype = types_pb2.DT_VARIANT

    def _bytes(self, data: bytes) -> bytes:
        """The bytes with some flipped, cut off, put in, repeated, or sent twice."""
        changed = bytearray(data)
        kind = self.random.randrange(6)
        if not changed or kind == 5:
            return bytes(changed) + self.random.randbytes(self.random.choice((1, 20, 20_000)))
        start = self.random.randrange(len(changed))
        if kind == 0:
            for _ in range(self.random.choice((1, 3, 20))):
                changed[self.random.randrange(len(changed))] = self.random.randrange(256)
        elif kind == 1:
            del changed[start:]
        elif kind == 2:
            changed[start:start] = self.random.randbytes(self.random.choice((1, 8)))
        elif kind == 3:
            changed[start:start] = changed[start : start + self.random.choice((2, 10, 100))]
        else:
            changed *= 2
        return bytes(changed)
