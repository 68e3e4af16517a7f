import time

import numpy as np
import pytest
from memory import peak
from tensorflow_serving.apis import predict_pb2

from serving.errors import TensorError
from serving.limits import Limits
from serving.services.wire_check import SMALL_BYTES, check
from serving.tensors import to_proto

LIMITS = Limits(elements=1_000_000)


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def field(tag, content):
    return number(tag << 3 | 2) + number(len(content)) + content


def tensor(content, name=b"age"):
    """An entry of `inputs`."""
    return field(2, field(1, name) + field(2, content))


SPEC = field(1, field(1, b"cities"))
PADDING = tensor(field(4, bytes(SMALL_BYTES)), b"padding")
HOSTILE = {
    "dimensions": (tensor(field(2, b"\x12\x00" * 700_000)), "shapes have too many dimensions"),
    "dimensions of one tensor, shape by shape": (
        tensor(field(2, b"\x12\x00" * 100) * 5_000),
        "shapes have too many dimensions",
    ),
    "dimensions of many tensors": (
        b"".join(tensor(field(2, b"\x12\x00" * 100), b"%d" % i) for i in range(3_000)),
        "shapes have too many dimensions",
    ),
    "inputs": (b"".join(tensor(b"", b"%d" % i) for i in range(90_000)), "more than 30000 inputs"),
    "inputs without a name": (b"\x12\x00" * 600_000, "more than 30000 inputs"),
    "names of one input": (field(2, b"\x0a\x00" * 600_000), "more than 30000 inputs"),
    "outputs": (b"\x1a\x00" * 600_000, "more than 30000 inputs, outputs and fields"),
    "empty strings": (tensor(b"\x42\x00" * 1_000_001), "more values than this server takes"),
    "long strings": (tensor(field(8, b"x" * 200) * 1_001), "more values"),
    "packed numbers": (tensor(field(10, b"\x01" * 1_000_001)), "more values"),
    "numbers of two bytes": (tensor(field(7, b"\x81\x01" * 1_000_001)), "more values"),
    "variants": (tensor(field(15, b"")), "resources and variants can't be read"),
    "resources": (tensor(field(14, b"")), "resources and variants can't be read"),
    "unknown fields": (tensor(field(99, b"") * 600_000), "more than 30000 inputs"),
    "a group before the rest": (b"\x0b\x0c" + b"\x12\x00" * 600_000, "groups of fields can't"),
    "a group in a tensor": (tensor(b"\xa3\x06\xa4\x06"), "groups of fields can't"),
    "a tag that protobuf cuts": (
        tensor(number((2 << 3 | 2) + 2**32) + number(1_400_000) + b"\x12\x00" * 700_000),
        "more than 32 bits",
    ),
    "a length that protobuf cuts": (
        tensor(b"\x12" + bytes([*number(1_400_000)[:2], 0xD5, *[0x80] * 6, 2]) + b"\x12\x00" * 99),
        "more than 32 bits",
    ),
    "numbers one by one": (tensor(b"\x50\x01" * 100_001), "send them packed, or in tensor_content"),
    "floats one by one": (tensor(b"\x2d\0\0\0\0" * 100_001), "send them packed, or in tensor_con"),
    "dtypes": (tensor(b"\x08\x01" * 600_000), "more than 30000 inputs, outputs and fields"),
    "numbers that no request has": (b"\x20\x00" * 600_000, "more than 30000 inputs"),
    "a spec": (field(1, field(1, b"x" * 70_000)), "the model spec takes 70004 bytes"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_grows_when_it_is_read_is_refused_before(kind):
    body, text = HOSTILE[kind]
    limits = Limits(elements=1_000) if kind == "long strings" else LIMITS
    with peak() as grown, pytest.raises(TensorError, match=text):
        check(SPEC + body + PADDING, limits)
    assert grown() < 6


def request_of(rows, **columns):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "cities"
    for name, values in columns.items():
        request.inputs[name].CopyFrom(to_proto(np.resize(values, rows)))
    return request


def test_what_clients_send_passes_and_takes_milliseconds_for_a_long_list():
    numbers = {f"number_{i}": np.arange(7, dtype=np.float32) for i in range(40)}
    texts = {
        f"text_{i}": np.array([b"", b"short", b"x" * 130, b"x" * 127], object) for i in range(5)
    }
    request = request_of(8000, **numbers, **texts)
    listed = request.inputs["listed"]
    listed.int64_val.extend([2**62, 3] * 4000)
    listed.tensor_shape.dim.add(size=8000, name="rows")
    body = request.SerializeToString()
    assert len(body) > 3 * SMALL_BYTES
    began = time.process_time()
    check(body, LIMITS)
    assert time.process_time() - began < 0.5


MESSAGE_BYTES = 16 * 2**20 - 100


def filled(pattern):
    return pattern * (MESSAGE_BYTES // len(pattern))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(filled(b"\x20\x00"), id="numbers"),
        pytest.param(tensor(filled(b"\x08\x01")), id="dtypes"),
        pytest.param(tensor(filled(b"\x50\x01")), id="unpacked"),
        pytest.param(tensor(filled(b"\x50" + b"\xff" * 9 + b"\x01")), id="unpacked and long"),
        pytest.param(tensor(filled(b"\x42\x00\x50\x01")), id="strings and numbers in turn"),
        pytest.param(tensor(filled(b"\x42\x00")), id="empty strings"),
        pytest.param(tensor(filled(b"\x42\x80\x00")), id="a length of two bytes"),
        pytest.param(tensor(filled(b"\xc2\x00\x00")), id="a tag of two bytes"),
        pytest.param(tensor(filled(b"\x52\x01\x01")), id="packed one by one"),
        pytest.param(filled(tensor(b"\x42\x00" * 50)), id="tensors"),
    ],
)
def test_the_largest_message_is_refused_in_less_than_a_second(body):
    began = time.process_time()
    with pytest.raises(TensorError):
        check(body, Limits())
    # 0.1 to 0.6 s; reading all fields would take 15 s.
    assert time.process_time() - began < 3


def test_a_short_string_may_be_the_last_or_cut_off():
    for end in (b"", b"\x42", b"\x42\x01", b"\x42\x05ab"):
        body = SPEC + tensor(b"\x42\x01x" * 40_000 + end)
        check(body, Limits(elements=40_001))
        with pytest.raises(TensorError, match="more values"):
            check(body, Limits(elements=39_999))


def test_numbers_one_by_one_are_values():
    body = SPEC + tensor(b"\x50\x01" * 50_000)
    check(body, Limits(elements=50_000))
    with pytest.raises(TensorError, match="more values"):
        check(body, Limits(elements=49_999))


def test_values_are_counted_to_the_last():
    body = SPEC + tensor(b"\x42\x01x" * 400_000) + tensor(b"\x42\x00" * 200_000, b"city")
    check(body, Limits(elements=600_000))
    with pytest.raises(TensorError, match="more values"):
        check(body, Limits(elements=599_999))


def test_small_messages_and_what_is_no_message_are_left_to_protobuf():
    check(SPEC + tensor(b"\x42\x00" * 1000), Limits(elements=1))
    check(b"\x7f" * 2 * SMALL_BYTES, LIMITS)
    check(SPEC + PADDING[:-1], LIMITS)
    check(PADDING + b"\x12", LIMITS)
    check(PADDING + b"\x12\xff", LIMITS)
    check(PADDING + b"\x17", LIMITS)


def test_the_places_of_lists_are_values_and_no_fields():
    request = predict_pb2.PredictRequest()
    texts = np.full((1_000, 50), b"", object)
    texts[:, :20] = b"an item"
    for name in ("seen", "done"):
        request.inputs[name].CopyFrom(to_proto(texts))
    request.inputs["gap"].CopyFrom(to_proto(np.zeros((1_000, 50), np.float32)))
    request.inputs["history__length"].CopyFrom(to_proto(np.full(1_000, 20)))
    body = request.SerializeToString()
    assert len(body) > SMALL_BYTES
    check(body, Limits())
    check(body, Limits(elements=100_000))  # Numbers in `tensor_content` are counted by the shape.
    with pytest.raises(TensorError, match="--max-elements"):
        check(body, Limits(elements=99_999))
