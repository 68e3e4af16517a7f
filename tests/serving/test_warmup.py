import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from common.errors import PolyrankError
from serving.errors import ModelLoadError
from serving.loading.loader import Threads
from serving.tensors import to_array
from serving.warmup import (
    MAX_REQUESTS,
    WARMUP_FILE,
    load_warm,
    read_warmup_requests,
    write_warmup_requests,
)

ROW = {"city": np.array(["osaka"], object), "age": np.array([2.0], np.float32)}
EXAMPLES = {"examples": np.array([b"an example"], object)}


def test_what_is_written_is_what_tf_serving_reads(tmp_path):
    path = write_warmup_requests(
        tmp_path, "polyrank", [("predict", ROW), ("serving_default", EXAMPLES)]
    )
    assert path == f"{tmp_path}/assets.extra/tf_serving_warmup_requests"
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    assert len(records) == 2
    request = prediction_log_pb2.PredictionLog.FromString(records[0]).predict_log.request
    assert request.model_spec.name == "polyrank"
    assert request.model_spec.signature_name == "predict"
    assert {name: to_array(tensor).tolist() for name, tensor in request.inputs.items()} == {
        "city": [b"osaka"],
        "age": [2.0],
    }
    request = prediction_log_pb2.PredictionLog.FromString(records[1]).predict_log.request
    assert request.model_spec.signature_name == "serving_default"
    assert to_array(request.inputs["examples"]).tolist() == [b"an example"]
    assert [r.SerializeToString() for r in read_warmup_requests(tmp_path)] == [
        prediction_log_pb2.PredictionLog.FromString(r).predict_log.request.SerializeToString()
        for r in records
    ]


def test_writing_replaces_and_leaves_nothing_behind(tmp_path):
    write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)] * 3)
    write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)])
    assert len(list(read_warmup_requests(tmp_path))) == 1
    assert [file.name for file in (tmp_path / "assets.extra").iterdir()] == [
        "tf_serving_warmup_requests"
    ]


def test_a_remote_model_gets_its_requests_too():
    folder = "ram://warmup/model"
    write_warmup_requests(folder, "polyrank", [("predict", ROW)] * 2)
    assert len(list(read_warmup_requests(folder))) == 2
    assert tf.io.gfile.listdir(f"{folder}/assets.extra") == ["tf_serving_warmup_requests"]


def test_no_file_is_no_request(tmp_path):
    assert list(read_warmup_requests(tmp_path)) == []


def test_too_many_requests_are_refused(tmp_path):
    with pytest.raises(PolyrankError, match="1001 warm-up requests .* at most 1000"):
        write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)] * (MAX_REQUESTS + 1))
    path = pathlib.Path(
        write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)] * MAX_REQUESTS)
    )
    assert len(list(read_warmup_requests(tmp_path))) == MAX_REQUESTS
    longer = path.with_name("longer")
    with longer.open("wb") as file:
        for _ in range(2):
            with path.open("rb") as source:
                shutil.copyfileobj(source, file)
    longer.replace(path)
    with pytest.raises(ModelLoadError, match="more than 1000 requests"):
        list(read_warmup_requests(tmp_path))


def test_a_damaged_file_is_refused(tmp_path):
    path = pathlib.Path(write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)]))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelLoadError, match=f"{WARMUP_FILE} can't be read"):
        list(read_warmup_requests(tmp_path))


def test_other_kinds_of_requests_are_passed_over(tmp_path, caplog):
    path = write_warmup_requests(tmp_path, "polyrank", [("predict", ROW)])
    other = prediction_log_pb2.PredictionLog()
    other.classify_log.request.model_spec.name = "polyrank"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(other.SerializeToString())
    assert list(read_warmup_requests(tmp_path)) == []
    assert "request 0 is a classify_log" in caplog.text


def test_a_warm_model_has_nothing_left_to_make(saved_model, tmp_path, monkeypatch):
    made: list[int] = []
    make = tf.compat.v1.Session._make_callable_from_options

    def counted(session, options):
        made.append(len(options.feed))
        return make(session, options)

    monkeypatch.setattr(tf.compat.v1.Session, "_make_callable_from_options", counted)
    folder = shutil.copytree(saved_model, tmp_path / "1")
    features = {
        "city": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"osaka"])),
        "age": tf.train.Feature(float_list=tf.train.FloatList(value=[2.0])),
    }
    example = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    examples = {"examples": np.array([example], object)}
    requests = [("predict", ROW), ("predict", ROW), ("serving_default", examples)]
    write_warmup_requests(folder, "cities", requests)
    model = load_warm(folder, 1, Threads())
    assert made == [2, 1]
    for signature, inputs in requests:
        assert model.signatures[signature].run(inputs)["logit"].tolist() == [6.0]
    model.close()
    assert made == [2, 1]
