import grpc
import numpy as np
import pytest
import tensorflow as tf
from city_model import expected_logits
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from common.errors import PolyrankError
from serving.client import Client
from serving.errors import ServingError
from serving.server import ModelServer
from serving.signatures import TensorSpec
from serving.tensors import write_array

ROWS = {
    "city": np.array(["osaka", "nowhere", "lagos", "basel"], object),
    "age": np.array([1.0, 2.0, -3.5, 0.1], np.float32),
}


def _examples():
    return [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "city": tf.train.Feature(bytes_list=tf.train.BytesList(value=[city.encode()])),
                    "age": tf.train.Feature(float_list=tf.train.FloatList(value=[age])),
                }
            )
        ).SerializeToString()
        for city, age in zip(ROWS["city"], ROWS["age"], strict=True)
    ]


def test_scores_equal_numpys(client):
    expected = expected_logits(ROWS["city"], ROWS["age"])
    for outputs in (client.predict(ROWS), client.predict_examples(_examples())):
        assert list(outputs) == ["city", "click", "logit"]
        np.testing.assert_array_equal(outputs["logit"], expected)
        assert outputs["logit"].dtype == np.float32
        np.testing.assert_allclose(outputs["click"], 1 / (1 + np.exp(-expected)), rtol=1e-6)
        assert outputs["city"].tolist() == [b"osaka", b"nowhere", b"lagos", b"basel"]


def test_lists_are_sent_as_the_signatures_types(client):
    outputs = client.predict({"city": ["lagos"], "age": [2.0]}, version=7)
    np.testing.assert_array_equal(outputs["logit"], np.array([-3.0], np.float32))


def test_no_rows_give_no_scores(client):
    outputs = client.predict({"city": np.array([], object), "age": np.array([], np.float32)})
    assert outputs["click"].shape == (0,)


def test_output_filter_picks_outputs(client):
    assert set(client.predict(ROWS, outputs=["logit"])) == {"logit"}
    with pytest.raises(ServingError, match="output tensor alias not found in signature: ctr"):
        client.predict(ROWS, outputs=["ctr"])
    with pytest.raises(ServingError, match="duplicate output tensor alias: logit"):
        client.predict(ROWS, outputs=["logit", "logit"])


def test_the_response_names_model_version_and_signature(served):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "cities"
    write_array(np.array(_examples(), object), request.inputs["examples"])
    with grpc.insecure_channel(served.target) as channel:
        response = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request)
    assert response.model_spec.name == "cities"
    assert response.model_spec.version.value == 7
    assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize(
    ("inputs", "code", "message"),
    [
        (
            {"city": ["a"]},
            "INVALID_ARGUMENT",
            r"1!=2 len\({city}\) != len\({age,city}\). Sent extra: {}. "
            r"Missing but required: {age}\.",
        ),
        (ROWS | {"sex": ["f"]}, "INVALID_ARGUMENT", r"Sent extra: {sex}. Missing but required: {}"),
        (
            {"city": ["a"], "years": [1.0]},
            "INVALID_ARGUMENT",
            "input tensor alias not found in signature: years",
        ),
        (
            ROWS | {"age": np.array([1, 2, 3, 4])},
            "INVALID_ARGUMENT",
            "input 'age': expected float32, got int64",
        ),
        (
            ROWS | {"age": np.ones((4, 1), np.float32)},
            "INVALID_ARGUMENT",
            r"input 'age': expected shape \[\?\], got \[4, 1\]",
        ),
        (
            ROWS | {"age": np.ones(3, np.float32)},
            "INVALID_ARGUMENT",
            "must have equal 0th-dimension size: input 'city' has 4 rows, input 'age' 3",
        ),
        # TensorFlow alone would repeat the only row.
        (
            ROWS | {"age": np.ones(1, np.float32)},
            "INVALID_ARGUMENT",
            "input 'city' has 4 rows, input 'age' 1",
        ),
        (
            ROWS | {"age": np.float32(1)},
            "INVALID_ARGUMENT",
            r"input 'age': expected shape \[\?\], got \[\]",
        ),
    ],
)
def test_wrong_inputs_are_named(client, inputs, code, message):
    with pytest.raises(ServingError, match=message) as caught:
        client.predict_tensors(inputs)
    assert caught.value.code.name == code
    assert client.target in str(caught.value)


def test_bytes_that_are_no_example_are_refused(client):
    with pytest.raises(ServingError, match="Could not parse example") as caught:
        client.predict_examples([b"\xff\xff"])
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_unknown_signature_version_and_model(served, client):
    with pytest.raises(ServingError, match='Serving signature key "rank" not found.') as caught:
        client.predict_tensors(ROWS, signature_name="rank")
    assert caught.value.code == grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(
        ServingError, match=r"Servable not found for request: Specific\(cities, 8\)"
    ) as caught:
        client.predict(ROWS, version=8)
    assert caught.value.code == grpc.StatusCode.NOT_FOUND
    with Client(served.target, "towns") as other:
        for call in (lambda: other.predict(ROWS), other.metadata):
            with pytest.raises(ServingError, match=r"for request: Latest\(towns\)") as caught:
                call()
            assert caught.value.code == grpc.StatusCode.NOT_FOUND
        with pytest.raises(ServingError, match="Could not find any versions of model towns"):
            other.status()


def _code_and_text(call, request):
    with pytest.raises(grpc.RpcError) as caught:
        call(request)
    return caught.value.code().name, caught.value.details()


def test_malformed_requests_get_tf_servings_answers(served):
    with grpc.insecure_channel(served.target) as channel:
        prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus
        metadata = get_model_metadata_pb2.GetModelMetadataRequest()
        answer = _code_and_text(prediction.GetModelMetadata, metadata)
        assert answer == ("INVALID_ARGUMENT", "Missing ModelSpec")
        metadata.model_spec.name = "cities"
        assert "at least one" in _code_and_text(prediction.GetModelMetadata, metadata)[1]
        metadata.metadata_field.append("weights")
        answer = _code_and_text(prediction.GetModelMetadata, metadata)
        assert answer == ("INVALID_ARGUMENT", "Metadata field weights is not supported")
        predict = predict_pb2.PredictRequest()
        answer = _code_and_text(prediction.Predict, predict)
        assert answer == ("INVALID_ARGUMENT", "Missing ModelSpec")
        predict.model_spec.signature_name = "predict"
        answer = _code_and_text(prediction.Predict, predict)
        assert answer == ("INVALID_ARGUMENT", "ModelSpec has no name specified.")
        predict.model_spec.name = "cities"
        predict.model_spec.version_label = "canary"
        answer = _code_and_text(prediction.Predict, predict)
        assert answer == ("INVALID_ARGUMENT", "Unrecognized servable version label: canary")
        asked = get_model_status_pb2.GetModelStatusRequest()
        assert _code_and_text(status, asked) == ("INVALID_ARGUMENT", "Missing ModelSpec")
        asked.model_spec.name = "cities"
        asked.model_spec.version.value = 6
        answer = _code_and_text(status, asked)
        assert answer == ("NOT_FOUND", "Could not find version 6 of model cities")


def test_a_tensor_that_contradicts_itself_is_refused(served):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "cities"
    request.model_spec.signature_name = "predict"
    for name, array in ROWS.items():
        write_array(array, request.inputs[name])
        request.inputs[name].tensor_shape.dim[0].size = 5
    with grpc.insecure_channel(served.target) as channel:
        call = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        code, text = _code_and_text(call, request)
    assert code == "INVALID_ARGUMENT"
    assert text == (
        "tensor parsing error: age: a float32 tensor of shape [5] takes 20 bytes, got 16"
    )


def test_metadata_round_trip(client):
    signatures = client.metadata()
    assert {"predict", "serving_default"} <= set(signatures)
    predict = signatures["predict"]
    assert {name: (spec.dtype, spec.shape) for name, spec in predict.inputs.items()} == {
        "age": ("float32", (None,)),
        "city": ("string", (None,)),
    }
    assert {name: spec.dtype for name, spec in predict.outputs.items()} == {
        "city": "string",
        "click": "float32",
        "logit": "float32",
    }
    assert list(signatures["serving_default"].inputs) == ["examples"]


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((None,), True),
        ((3,), True),
        ((4,), False),
        ((None, None), False),
        (None, True),
        ((), False),
    ],
)
def test_a_spec_accepts_what_fits(shape, fits):
    assert TensorSpec("float32", shape, "x:0").accepts((3,)) is fits


def test_status(client):
    (only,) = client.status()
    assert (only.version, only.state, only.error) == (7, "AVAILABLE", "")
    assert client.wait_until_available(version=7) == 7


def test_a_taken_port_is_an_error(served):
    with pytest.raises(PolyrankError, match=f"can't listen on 127.0.0.1:{served.port}"):
        ModelServer("cities", ".", port=served.port)


def test_nobody_there():
    with Client("127.0.0.1:9", "cities", timeout=2) as client:
        with pytest.raises(ServingError, match="model 'cities' at 127.0.0.1:9") as caught:
            client.predict(ROWS)
        # A busy machine needs longer than 2 s to learn it.
        assert caught.value.code.name in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        with pytest.raises(ServingError, match="not available after 0.2 s"):
            client.wait_until_available(timeout=0.2)
