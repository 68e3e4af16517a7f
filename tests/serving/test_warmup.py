import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from common.errors import PolyrankError
from serving.errors import ModelLoadError
from serving.tensors import to_array
from serving.warmup import MAX_REQUESTS, WARMUP_FILE, read_warmup_requests, write_warmup_requests

ROW = {"city": np.array(["osaka"], object), "age": np.array([2.0], np.float32)}


def test_what_is_written_is_what_tf_serving_reads(tmp_path):
    path = write_warmup_requests(tmp_path, "polyrank", [ROW, ROW], "predict")
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
    assert [r.SerializeToString() for r in read_warmup_requests(tmp_path)] == [
        prediction_log_pb2.PredictionLog.FromString(r).predict_log.request.SerializeToString()
        for r in records
    ]


def test_writing_replaces_and_leaves_nothing_behind(tmp_path):
    write_warmup_requests(tmp_path, "polyrank", [ROW] * 3, "predict")
    write_warmup_requests(tmp_path, "polyrank", [ROW], "predict")
    assert len(list(read_warmup_requests(tmp_path))) == 1
    assert [file.name for file in (tmp_path / "assets.extra").iterdir()] == [
        "tf_serving_warmup_requests"
    ]


def test_a_remote_model_gets_its_requests_too():
    folder = "ram://warmup/model"
    write_warmup_requests(folder, "polyrank", [ROW] * 2, "predict")
    assert len(list(read_warmup_requests(folder))) == 2
    assert tf.io.gfile.listdir(f"{folder}/assets.extra") == ["tf_serving_warmup_requests"]


def test_no_file_is_no_request(tmp_path):
    assert list(read_warmup_requests(tmp_path)) == []


def test_too_many_requests_are_refused(tmp_path):
    with pytest.raises(PolyrankError, match="1001 warm-up requests .* at most 1000"):
        write_warmup_requests(tmp_path, "polyrank", [ROW] * (MAX_REQUESTS + 1), "predict")
    path = pathlib.Path(
        write_warmup_requests(tmp_path, "polyrank", [ROW] * MAX_REQUESTS, "predict")
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
    path = pathlib.Path(write_warmup_requests(tmp_path, "polyrank", [ROW], "predict"))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelLoadError, match=f"{WARMUP_FILE} can't be read"):
        list(read_warmup_requests(tmp_path))


def test_other_kinds_of_requests_are_passed_over(tmp_path, caplog):
    path = write_warmup_requests(tmp_path, "polyrank", [ROW], "predict")
    other = prediction_log_pb2.PredictionLog()
    other.classify_log.request.model_spec.name = "polyrank"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(other.SerializeToString())
    assert list(read_warmup_requests(tmp_path)) == []
    assert "request 0 is a classify_log" in caplog.text
