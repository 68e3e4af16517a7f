"""Lists through a model server, as Client.predict sends them."""

import dataclasses
import math

import grpc
import list_model
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from city_model import push
from list_model import LISTS

from common.errors import PolyrankError
from serving.client import Client
from serving.client.casting import ColumnValueError
from serving.errors import ServingError
from serving.limits import Limits
from serving.served_columns import ServedColumn
from serving.server import ModelServer
from serving.warmup import write_warmup_requests


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return list_model.save(tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="module")
def target(saved, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served-lists")
    push(saved, folder, 3)
    limits = Limits(elements=2_000)
    with ModelServer("lists", folder, limits=limits) as server:
        with Client(server.target, "lists") as client:
            client.wait_until_available()
        yield server.target


@pytest.fixture
def client(target):
    with Client(target, "lists") as client:
        yield client


def request(**changed):
    return {
        "member": ["m7", "m8"],
        "seen items": [[1, 2, 3, 4], []],
        "gaps": [[0.5, 1.5, 2.5, 3.5], None],
        "tags": [["new"], ["new", "red", "big"]],
        "image": [[0.25, 4], None],
        "text vector": np.arange(8).reshape(2, 4),
    } | changed


def test_the_model_says_how_lists_are_sent(client):
    columns = client.columns()
    assert columns["member"] == ServedColumn("member", "string")
    lists = {name: column for name, column in columns.items() if column.is_list}
    assert math.isnan(lists["image"].missing)
    lists["image"] = dataclasses.replace(lists["image"], missing=None)
    assert lists == LISTS | {"image": ServedColumn("image", "float32", dim=2)}
    inputs = client.metadata()["predict"].inputs
    assert inputs["seen_x20_items"].shape == (None, 3)
    assert inputs["history__length"].shape == (None,)


@pytest.mark.parametrize("table", [dict, pd.DataFrame, "arrow"])
def test_lists_arrive_padded_with_their_lengths(client, table):
    values = request()
    if table is not dict:
        values["text vector"] = list(values["text vector"])
    scores = client.predict(pa.table(values) if table == "arrow" else table(values))
    assert scores["seen_seen_x20_items"].tolist() == [[2, 3, 4], [0, 0, 0]]
    assert scores["seen_gaps"].tolist() == [[1.5, 2.5, 3.5], [0, 0, 0]]
    assert scores["seen_history__length"].tolist() == [3, 0]
    assert scores["seen_tags"].tolist() == [[b"new", b""], [b"new", b"red"]]
    assert scores["seen_tags__length"].tolist() == [1, 2]
    assert scores["seen_image"][0].tolist() == [0.25, 4]
    assert np.isnan(scores["seen_image"][1]).all()
    assert scores["seen_text_x20_vector"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_lists_that_are_not_aligned_are_named(client):
    wanted = r"'seen items', index 0: its list has length 4, and that of 'gaps' length 1"
    with pytest.raises(ColumnValueError, match=wanted):
        client.predict(request(gaps=[[1], []]))
    with pytest.raises(ColumnValueError, match="'text vector', index 1: the vector is missing"):
        client.predict(request(**{"text vector": [[1, 2, 3, 4], None]}))
    with pytest.raises(PolyrankError, match="there is no column 'gaps'"):
        client.predict({name: values for name, values in request().items() if name != "gaps"})


def tensors(rows, **changed):
    arrays = {
        served.input: np.zeros((rows, served.length or served.dim), served.dtype)
        for name, served in LISTS.items()
        if name != "tags"
    }
    arrays["tags"] = np.full((rows, 2), b"a", object)
    arrays["member"] = np.full(rows, b"m", object)
    lengths = {name: np.ones(rows, np.int64) for name in ("history__length", "tags__length")}
    return arrays | lengths | changed


def test_a_server_checks_the_shapes_of_lists(client):
    assert client.predict_tensors(tensors(5))["seen_gaps"].shape == (5, 3)
    refused = {
        r"input 'gaps': expected shape \[\?, 3\], got \[5, 4\]": {"gaps": np.zeros((5, 4), "f")},
        r"input 'gaps': expected shape \[\?, 3\], got \[15\]": {"gaps": np.zeros(15, "f")},
        r"input 'tags__length': expected shape \[\?\], got \[5, 1\]": {
            "tags__length": np.ones((5, 1), np.int64)
        },
        "equal 0th-dimension size: input 'history__length' has 5 rows, input 'gaps' 4": {
            "gaps": np.zeros((4, 3), "f")
        },
    }
    for message, changed in refused.items():
        with pytest.raises(ServingError, match=message) as caught:
            client.predict_tensors(tensors(5, **changed))
        assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_a_servers_limit_counts_every_place_of_a_list(client):
    # A row has 1 + 3 + 3 + 2 + 2 + 4 values and two lengths: 17 elements.
    assert client.predict_tensors(tensors(2_000 // 17))["seen_gaps"].shape == (117, 3)
    with pytest.raises(ServingError, match="makes 20.. elements in all, .* at most 2000 a request"):
        client.predict_tensors(tensors(2_000 // 17 + 1))


def test_warm_up_requests_with_lists_are_replayed(saved, tmp_path):
    push(saved, tmp_path / "versions", 4)
    write_warmup_requests(str(tmp_path / "versions" / "4"), "lists", [("predict", tensors(3))])
    push(saved, tmp_path / "refused", 4)
    wrong = tensors(3, gaps=np.zeros((3, 4), "f"))
    write_warmup_requests(str(tmp_path / "refused" / "4"), "lists", [("predict", wrong)])
    with (
        ModelServer("lists", tmp_path / "versions") as server,
        Client(server.target, "lists") as client,
    ):
        client.wait_until_available()
        assert [version.state for version in client.status()] == ["AVAILABLE"]
    with (
        ModelServer("lists", tmp_path / "refused") as server,
        Client(server.target, "lists") as client,
        pytest.raises(ServingError, match=r"expected shape \[\?, 3\], got \[3, 4\]"),
    ):
        client.wait_until_available()
