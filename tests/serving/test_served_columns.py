"""Columns through a model server: names, types and missing values, as Client.predict sends them."""

import math
import shutil
import sys
import threading

import column_model
import grpc
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from city_model import push
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from common.errors import BadDataError, PolyrankError
from serving.client import Client
from serving.client.casting import ColumnValueError
from serving.errors import ServingError
from serving.served_columns import SERVED_COLUMNS, ServedColumn
from serving.server import ModelServer

LEAST = -(2**63)


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    saved = column_model.save(tmp_path_factory.mktemp("columns"))
    folder = tmp_path_factory.mktemp("served-columns")
    push(saved, folder, 3)
    return folder


@pytest.fixture(scope="module")
def server(base_path):
    with ModelServer("columns", base_path) as server, Client(server.target, "columns") as client:
        client.wait_until_available()
        yield server


@pytest.fixture
def client(server):
    with Client(server.target, "columns") as client:
        yield client


def request(**changed):
    return {"item id": [1, 2], "age": [30, 31], "city": ["a", "b"], "group": [1, 2]} | changed


def test_the_model_says_its_columns(client):
    columns = client.columns()
    assert list(columns) == ["age", "city", "group", "item id"]
    assert columns["item id"] == ServedColumn("item_id", "int64")
    assert columns["group"] == ServedColumn("group", "int64", LEAST)
    assert columns["city"] == ServedColumn("city", "string", b"")
    assert columns["age"].dtype == "float32"
    assert math.isnan(columns["age"].missing)


def test_metadata_has_what_requests_may_name(client):
    assert list(client.metadata()) == ["predict"]


def test_the_server_returns_every_signature_as_saved(server):
    metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    metadata.model_spec.name = "columns"
    with grpc.insecure_channel(server.target) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = stub.GetModelMetadata(metadata)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "columns"
        request.model_spec.signature_name = SERVED_COLUMNS
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"__saved_model_init_op", "predict", SERVED_COLUMNS}
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize(
    "columns",
    [
        {"age": [20, 7], "group": [30, None], "city": ["a", None]},
        {
            "age": pd.Series([20, 7], dtype="Int64"),
            "group": pd.Series([30, None]),
            "city": pd.Series(["a", pd.NA], dtype="string"),
        },
        {
            "age": pa.array([20, 7], pa.float64()),
            "group": pa.array([30, None], pa.int16()),
            "city": pa.array(["a", None]),
        },
        {
            "age": np.array([20, 7], np.int32),
            "group": np.ma.array([30, 5], mask=[False, True]),
            "city": np.array(["a", None], object),
        },
    ],
    ids=["lists", "pandas", "arrow", "numpy"],
)
def test_types_are_the_signatures_and_missing_values_the_models(client, columns):
    seen = client.predict(request(**columns))
    assert seen["seen_age"].tolist() == [20.0, 7.0]
    assert seen["seen_age"].dtype == np.float32
    assert seen["seen_group"].tolist() == [30, LEAST]
    assert seen["seen_group"].dtype == np.int64
    assert seen["seen_city"].tolist() == [b"a", b""]
    assert seen["seen_item_id"].tolist() == [1, 2]


def test_a_missing_number_of_a_float_column_is_nan(client):
    np.testing.assert_array_equal(
        client.predict(request(age=[None, 2]))["seen_age"], np.array([np.nan, 2], np.float32)
    )


def test_empty_lists_give_no_scores(client):
    seen = client.predict({name: [] for name in column_model.COLUMNS})
    assert {name: (array.shape, array.dtype.kind) for name, array in seen.items()} == {
        "seen_age": ((0,), "f"),
        "seen_city": ((0,), "O"),
        "seen_group": ((0,), "i"),
        "seen_item_id": ((0,), "i"),
    }


def test_tables_are_columns(client):
    rows = request(group=[2**60 + 1, None])
    tables = [
        pd.DataFrame({name: pd.array(values) for name, values in rows.items()}),
        pa.table(rows),
        pa.RecordBatch.from_pydict(rows),
        {name: iter(values) for name, values in rows.items()},
    ]
    for table in tables:
        seen = client.predict(table)
        assert seen["seen_city"].tolist() == [b"a", b"b"]
        assert seen["seen_group"].tolist() == [2**60 + 1, LEAST]


def test_errors_name_the_column_and_the_row(client):
    with pytest.raises(ColumnValueError, match="^column 'item id', index 1: the value is missing"):
        client.predict(request(**{"item id": [1, None]}))
    with pytest.raises(ColumnValueError, match=r"^column 'group', index 0: got 19\.99 \(float\)"):
        client.predict(request(group=[19.99, 7.5]))
    with pytest.raises(BadDataError, match="sizes differ: .*'age' 1, 'city' 2"):
        client.predict(request(age=[30]))
    with pytest.raises(BadDataError, match="no column 'item_id'; did you mean 'item id'"):
        client.predict(request(item_id=[1, 2]))
    with pytest.raises(PolyrankError, match="no signature 'rank', only predict"):
        client.predict(request(), "rank")


@pytest.mark.parametrize("version", [2**70, "three", 1.5, -(2**64)])
def test_a_version_that_no_server_can_have_is_refused(client, version):
    for call in (client.columns, client.metadata, lambda v: client.predict(request(), version=v)):
        with pytest.raises(PolyrankError, match="^version: got .*, wanted a whole number of 64"):
            call(version)


def test_a_wrong_value_is_the_error_where_the_server_has_gone_away(base_path):
    with ModelServer("columns", base_path) as server, Client(server.target, "columns", 5) as client:
        client.wait_until_available()
        client.predict(request())
        server.stop()
        with pytest.raises(ColumnValueError, match="column 'group', index 0: got 'old'"):
            client.predict(request(group=["old", 1]))
        with pytest.raises(ServingError):
            client.predict(request())


def test_threads_share_a_client_while_versions_come_and_go(base_path, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(base_path / "3", base / "3")
    errors, scored = [], 0
    before = sys.getswitchinterval()
    with (
        ModelServer("columns", base, poll_seconds=0.05) as server,
        Client(server.target, "columns") as client,
    ):
        client.wait_until_available()
        ended = threading.Event()

        def score():
            nonlocal scored
            while not ended.is_set():
                try:
                    client.predict(request())
                    scored += 1
                except Exception as error:
                    errors.append(error)

        threads = [threading.Thread(target=score) for _ in range(6)]
        try:
            sys.setswitchinterval(1e-6)
            for thread in threads:
                thread.start()
            for version in range(4, 8):
                shutil.copytree(base_path / "3", tmp_path / "new")
                (tmp_path / "new").rename(base / str(version))
                client.wait_until_available(version=version)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            sys.setswitchinterval(before)
    assert not errors and scored > 0


def test_inputs_are_sent_as_they_are_where_that_is_wanted(client):
    arrays = {name: np.array([1]) for name in ("item_id", "group")}
    arrays |= {"age": np.array([1.0]), "city": np.array(["a"])}
    with pytest.raises(ServingError, match="input 'age': expected float32, got float64"):
        client.predict_tensors(arrays)


def test_columns_of_another_version_are_learned_when_it_is_served(base_path, tmp_path):
    shutil.copytree(base_path / "3", tmp_path / "base" / "3")
    with (
        ModelServer("columns", tmp_path / "base", poll_seconds=0.05) as server,
        Client(server.target, "columns") as client,
    ):
        client.wait_until_available()
        client.predict(request())
        columns = {name: of for name, of in column_model.COLUMNS.items() if name != "city"}
        saved = column_model.save(tmp_path, {**columns, "town": "city"})
        push(saved, tmp_path / "base", 4)
        client.wait_until_available(version=4)
        towns = request(town=iter(["x", "y"]))
        del towns["city"]
        assert client.predict(towns)["seen_city"].tolist() == [b"x", b"y"]
        with pytest.raises(BadDataError, match="no column 'city'"):
            client.predict(request())


def test_a_model_that_says_no_columns_takes_missing_values_anywhere(served):
    with Client(served.target, "cities") as client:
        assert client.predict({"city": [None], "age": [2]})["logit"].tolist() == [14.0]
        assert np.isnan(client.predict({"city": ["osaka"], "age": [None]})["logit"]).all()
        with pytest.raises(ColumnValueError, match="column 'examples', index 0: the value is miss"):
            client.predict({"examples": [None]}, "serving_default")
