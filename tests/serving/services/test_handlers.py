import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from city_model import expected_logits, push
from memory import resident
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.client import Client
from serving.loading.loader import load
from serving.server import ModelServer

METHODS = (
    "PredictionService/Predict",
    "PredictionService/GetModelMetadata",
    "ModelService/GetModelStatus",
)
NO_MESSAGES = {
    "truncated": b"\x0a\x7fcities",
    "an unknown wire type": b"\x0f\x01",
    "an endless number": b"\x08" + b"\xff" * 20,
    "the end of a group": b"\x0a\x08\x0a\x06cities" + b"\x0c" + b"\x12\x00",
    "no UTF-8": b"\x0a\x04\x0a\x02\xff\xfe",
    "noise": bytes(range(255, 0, -1)) * 10,
}


def raw(channel, method):
    """What sends bytes to a method and returns bytes."""
    return channel.unary_unary(f"/tensorflow.serving.{method}")


@pytest.fixture(scope="module")
def channel(served):
    with grpc.insecure_channel(served.target) as channel:
        yield channel


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("body", NO_MESSAGES)
def test_bytes_that_are_no_message_are_an_invalid_argument(channel, method, body):
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method)(NO_MESSAGES[body])
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    kind = f"tensorflow.serving.{method.split('/')[1]}Request"
    said = f"the request's {len(NO_MESSAGES[body])} bytes can't be read as {kind}"
    assert caught.value.details() == said


@pytest.mark.parametrize("method", METHODS)
def test_no_bytes_are_an_empty_message(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method)(b"")
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "Missing ModelSpec"


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_request_of_a_few_names_is_small(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, method)(b"\x12\x00" * 40_000)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.value.details() == "Received message larger than max (80000 vs. 65536)"


@pytest.mark.parametrize(
    "method",
    ["PredictionService/Classify", "ModelService/HandleReloadConfigRequest", "Other/Predict"],
)
def test_other_methods_are_unimplemented(channel, method):
    for body in (b"", NO_MESSAGES["noise"]):
        with pytest.raises(grpc.RpcError) as caught:
            raw(channel, method)(body)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_no_message_leave_nothing_behind(channel):
    body = NO_MESSAGES["noise"] * 7  # 17 KiB.

    def send(count):
        for number in range(count):
            with pytest.raises(grpc.RpcError):
                raw(channel, METHODS[number % 3])(body)

    send(500)
    before = resident()
    send(1500)
    # gRPC's own reader would have kept 24 MiB of them.
    assert resident() - before < 6


def test_callers_that_send_nothing_do_not_stop_health_checks(client, channel):
    silent, end = [], threading.Event()

    def nothing():
        end.wait(60)
        yield b""

    try:
        predict = channel.stream_unary(f"/tensorflow.serving.{METHODS[0]}")
        silent = [predict.future(nothing(), timeout=60) for _ in range(8)]
        time.sleep(0.5)  # Until each holds a worker.
        assert [item.state for item in client.status()] == ["AVAILABLE"]
        assert "predict" in client.metadata()
    finally:
        end.set()
    for call in silent:
        assert call.exception().code() == grpc.StatusCode.INVALID_ARGUMENT


def test_an_error_text_is_short_and_whole(channel):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "é" * 5000
    with pytest.raises(grpc.RpcError) as caught:
        raw(channel, METHODS[0])(request.SerializeToString())
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    said = caught.value.details()
    assert said.startswith("Servable not found for request: Latest(éé") and said.endswith("é…")
    assert len(said.encode()) in (1023, 1024)


def test_callers_of_a_signature_that_none_has_called_wait_for_one(saved_model, monkeypatch):
    made: list[tuple[str, ...]] = []
    make = tf.compat.v1.Session._make_callable_from_options

    def slow(session, options):
        made.append(tuple(options.fetch))
        time.sleep(0.2)
        return make(session, options)

    monkeypatch.setattr(tf.compat.v1.Session, "_make_callable_from_options", slow)
    model = load(saved_model)
    signature = model.signatures["predict"]
    inputs = {"age": np.array([3.0], np.float32), "city": np.array([b"basel"], object)}
    together = threading.Barrier(8)
    answers: list[list[float]] = []

    def ask(outputs):
        together.wait()
        answers.append(signature.run(inputs, outputs)["logit"].tolist())

    orders = [["logit", "click"], ["click", "logit"]] * 4
    threads = [threading.Thread(target=ask, args=(outputs,)) for outputs in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model.close()
    assert answers == [expected_logits(["basel"], [3.0]).tolist()] * 8
    assert len(made) == 1


def test_a_server_without_a_model_answers_not_found(saved_model, tmp_path):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "cities"
    with (
        ModelServer("cities", tmp_path / "absent", poll_seconds=0.05) as server,
        grpc.insecure_channel(server.target) as channel,
        Client(server.target, "cities") as client,
    ):
        call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        with pytest.raises(grpc.RpcError) as caught:
            call(request)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND
        (tmp_path / "absent").mkdir()
        push(saved_model, tmp_path / "absent", 3)
        assert client.wait_until_available() == 3
