"""Requests that are small and would be large once they are read."""

import grpc
import numpy as np
import pytest
from city_model import expected_logits, push
from click.testing import CliRunner
from memory import peak
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from cli.commands.serve import serve
from common.errors import PolyrankError
from serving import server as server_module
from serving.client import Client
from serving.errors import ServingError
from serving.limits import Limits
from serving.server import ModelServer

MIB = 2**20


def request_of(signature="predict", **shapes):
    """A request whose inputs have a shape and no value; of `age` and `city` unless named."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "cities"
    request.model_spec.signature_name = signature
    for name, shape in shapes.items():
        tensor = request.inputs[name]
        tensor.dtype = types_pb2.DT_FLOAT if name == "age" else types_pb2.DT_STRING
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
    return request


@pytest.fixture(scope="module")
def call(served):
    with grpc.insecure_channel(served.target) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict


def answer(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value.code().name, caught.value.details()


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ([2**40], "input 'age': 1099511627776 rows, this server takes at most 16384 (--max-rows)"),
        ([3_000_000_000], "3000000000 rows, this server takes at most 16384"),
        ([16_385], "16385 rows, this server takes at most 16384"),
        ([0, 2**62, 2**62], "input 'age': expected shape [?], got [0, 461"),
        ([1] * 33, "tensor parsing error: age: a tensor has 33 dimensions, wanted 32 or fewer"),
        ([1] * 255, "tensor parsing error: age: a tensor has 255 dimensions, wanted 32 or fewer"),
        ([-1], "tensor parsing error: age: a tensor's shape must be known in full, got [-1]"),
        ([-(2**63)], "must be known in full"),
        ([], "input 'age': expected shape [?], got []"),
    ],
)
def test_a_shape_without_values_costs_nothing(call, shape, text):
    request = request_of(age=shape, city=[1])
    for values in ([], [1.0]):
        request.inputs["age"].float_val[:] = values
        with peak() as grown:
            code, said = answer(call, request)
        assert code == "INVALID_ARGUMENT"
        assert text in said
        assert grown() < 8


def test_a_string_that_stands_for_many_is_counted_with_its_repetitions(call):
    request = request_of(age=[16_000], city=[16_000])
    request.inputs["city"].string_val.append(b"x" * 10_000)
    with peak() as grown:
        code, said = answer(call, request)
    assert code == "INVALID_ARGUMENT"
    assert said == (
        "tensor parsing error: city: a string tensor of shape [16000] takes 160,128,000 bytes, "
        "at most 67,044,864 may be taken"
    )
    assert grown() < 8
    code, said = answer(call, request_of("serving_default", examples=[2**33]))
    assert code == "INVALID_ARGUMENT" and said.startswith("input 'examples': 8589934592 rows")


def test_millions_of_dimensions_are_refused_before_they_are_read(call):
    request = request_of(age=[], city=[1])
    request.inputs["age"].tensor_shape.MergeFromString(b"\x12\x00" * 400_000)
    with peak() as grown:
        code, said = answer(call, request)
    assert (code, said) == ("INVALID_ARGUMENT", "the request's shapes have too many dimensions")
    assert grown() < 8


def test_one_value_for_all_rows_is_scored_as_in_tensorflow(call):
    request = request_of(age=[3], city=[3])
    request.inputs["age"].float_val.append(2.0)
    request.inputs["city"].string_val.extend([b"basel", b"osaka"])
    logits = call(request).outputs["logit"]
    expected = expected_logits(["basel", "osaka", "osaka"], [2.0] * 3)
    np.testing.assert_array_equal(np.frombuffer(logits.tensor_content, np.float32), expected)
    zeros = call(request_of(age=[2], city=[2])).outputs["logit"]
    assert np.frombuffer(zeros.tensor_content, np.float32).tolist() == [0.0, 0.0]


@pytest.fixture(scope="module")
def small(saved_model, tmp_path_factory):
    """A client of a server with small limits."""
    folder = tmp_path_factory.mktemp("small")
    push(saved_model, folder, 1)
    limits = Limits(rows=10, elements=12, tensor_bytes=200, message_bytes=400)
    with (
        ModelServer("cities", folder, limits=limits) as server,
        Client(server.target, "cities") as client,
    ):
        client.wait_until_available()
        yield client


@pytest.mark.parametrize(
    ("rows", "city", "code", "text"),
    [
        (6, "basel", None, ""),
        (
            7,
            "basel",
            "INVALID_ARGUMENT",
            "input 'city': shape [7] makes 14 elements in all, this server takes at most 12 a "
            "request (--max-elements)",
        ),
        (11, "basel", "INVALID_ARGUMENT", "11 rows, this server takes at most 10 (--max-rows)"),
        (6, "x" * 30, "INVALID_ARGUMENT", "takes 228 bytes, at most 176 may be taken"),
        (6, "x" * 60, "RESOURCE_EXHAUSTED", "larger than max"),
    ],
)
def test_each_limit_is_the_servers(small, rows, city, code, text):
    inputs = {"city": [city] * rows, "age": [1.0] * rows}
    if code is None:
        assert small.predict(inputs)["logit"].tolist() == [0.25] * rows
        return
    with pytest.raises(ServingError) as caught:
        small.predict(inputs)
    assert caught.value.code.name == code
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"rows": 0}, "the limit rows is 0, wanted 1 or more"),
        ({"elements": -1}, "the limit elements is -1, wanted 1 or more"),
        ({"message_bytes": 2**31}, "message_bytes is 2147483648, wanted 2147483647 or less"),
    ],
)
def test_a_limit_that_can_not_be_kept_is_refused(limits, text):
    with pytest.raises(PolyrankError, match=text):
        Limits(**limits)


def test_both_commands_have_the_options(tmp_path, monkeypatch):
    made: list[Limits] = []

    def stop(name, base_path, *_, limits=None, **__):
        made.append(limits)
        raise PolyrankError("not started")

    for command, option in ((serve, "--max-rows"), (server_module.main, "--max-message-bytes")):
        done = CliRunner().invoke(command, [option, "0"])
        assert done.exit_code == 2
        assert f"Invalid value for '{option}': 0 is not in the range" in done.output
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").touch()
    options = ["--model-base-path", str(tmp_path), "--max-rows", "7", "--max-elements", "8"]
    options += ["--max-tensor-bytes", "9", "--max-message-bytes", "10", "--model-name", "shop"]
    monkeypatch.setattr(server_module, "ModelServer", stop)
    for command in (serve, server_module.main):
        CliRunner().invoke(command, options)
    assert made == [Limits(7, 8, 9, 10)] * 2


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "99999"),
        ("--port", "-1"),
        ("--workers", "0"),
        ("--poll-seconds", "0"),
        ("--intra-op-threads", "-1"),
        ("--inter-op-threads", "-2"),
    ],
)
def test_numbers_that_a_server_can_not_use_are_refused(tmp_path, option, value):
    options = ["--model-name", "shop", "--model-base-path", str(tmp_path), option, value]
    for command in (server_module.main, serve)[: 2 if option == "--port" else 1]:
        done = CliRunner().invoke(command, options)
        assert done.exit_code == 2
        assert f"Invalid value for '{option}': {value}" in done.output
        assert "is not in the range" in done.output
