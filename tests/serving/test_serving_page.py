"""docs/serving.md: its programs run as they are against a server of the page's columns."""

import os
import pathlib
import re
import subprocess
import sys

import column_model
import pytest
from city_model import push

from serving.client import Client
from serving.client.casting import ColumnValueError
from serving.served_columns import ServedColumn, ServedLengths
from serving.server import ModelServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text()
DTYPES = {
    "page": "string",
    "member": "string",
    "member_group": "int64",
    "product": "int64",
    "product_kind": "int64",
    "price": "float32",
}
OPTIONAL = ("member_group", "product_kind", "price")


def programs():
    return re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(program, *arguments, folder):
    """Runs a program in a folder of its own; returns its status, its lines, and its errors."""
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "program.py", *arguments],
        cwd=folder,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    columns = {name: f"{name}_input" for name in DTYPES}
    dtypes = {columns[name]: dtype for name, dtype in DTYPES.items()}
    saved = column_model.save(tmp_path_factory.mktemp("page"), columns, OPTIONAL, dtypes)
    folder = tmp_path_factory.mktemp("served")
    push(saved, folder, 5)
    with ModelServer("polyrank", folder) as server, Client(server.target, "polyrank") as client:
        client.wait_until_available()
        yield server.target


def test_the_page_has_programs_with_our_client_and_without():
    ours, raw, ours_with_lists, raw_with_lists = programs()
    for program in (ours, ours_with_lists):
        assert "from serving.client import Client" in program
    for program in (raw, raw_with_lists):
        imported = set(re.findall(r"^(?:import|from) (\w+)", program, re.MULTILINE))
        assert imported == {"sys", "grpc", "tensorflow", "tensorflow_serving"}


def test_our_client(target, tmp_path):
    program = programs()[0].replace("localhost:8500", target)
    assert program != programs()[0]
    status, lines, errors = run(program, folder=tmp_path)
    assert status == 0, errors
    assert lines[:-1] == [
        "member string needed",
        "member_group int64 may be missing",
        "page string needed",
        "price float32 may be missing",
        "product int64 needed",
        "product_kind int64 may be missing",
    ]
    assert lines[-1] == str(
        {name: (3,) for name in sorted(f"seen_{name}_input" for name in DTYPES)}
    )


def test_any_grpc_client(target, tmp_path):
    program = programs()[1]
    ends = "assert not {'serving', 'common', 'polyrank'} & set(sys.modules)\n"
    status, lines, errors = run(program + ends, target, folder=tmp_path)
    assert status == 0, errors
    assert lines == [
        "version 5",
        "seen_member_group_input [2, -9223372036854775808]",
        "seen_member_input [b'm7', b'm7']",
        "seen_page_input [b'search', b'search']",
        "seen_price_input [19.899999618530273, nan]",
        "seen_product_input [11, 12]",
        "seen_product_kind_input [3, -9223372036854775808]",
    ]


def test_any_grpc_client_says_which_column_needs_a_value(target, tmp_path):
    program = programs()[1].replace('"product": [11, 12]', '"product": [11, None]')
    status, lines, errors = run(program, target, folder=tmp_path)
    assert (status, lines) == (1, [])
    assert errors.endswith("product, index 1: the model needs a value\n")


@pytest.fixture(scope="module")
def target_with_lists(tmp_path_factory):
    history = ServedLengths("history__length", newest=True)
    tags = ServedLengths("product_tags__length", newest=False)
    lists = {
        "seen": ServedColumn("seen", "int64", length=3, lengths=history),
        "seen_action": ServedColumn("seen_action", "string", length=3, lengths=history),
        "product_tags": ServedColumn("product_tags", "string", length=2, lengths=tags),
        "product_image": ServedColumn("product_image", "float32", dim=2),
    }
    dtypes = {"member": "string", "product": "int64"}
    dtypes |= {name: column.dtype for name, column in lists.items()}
    columns = {name: name for name in dtypes}
    dtypes |= {"history__length": "int64", "product_tags__length": "int64"}
    folder = tmp_path_factory.mktemp("lists-of-the-page")
    saved = column_model.save(folder, columns, ("product_image",), dtypes, lists)
    push(saved, folder / "served", 5)
    with (
        ModelServer("polyrank", folder / "served") as server,
        Client(server.target, "polyrank") as client,
    ):
        client.wait_until_available()
        yield server.target


def test_our_client_with_lists(target_with_lists, tmp_path):
    program = programs()[2].replace("localhost:8500", target_with_lists)
    status, lines, errors = run(program, folder=tmp_path)
    assert status == 0, errors
    assert lines[:-1] == [
        "product_image vectors of 2 numbers",
        "product_tags lists of string, 2 are read, group product_tags",
        "seen lists of int64, 3 are read, group history",
        "seen_action lists of string, 3 are read, group history",
    ]
    assert "'seen_seen': (3, 3)" in lines[-1] and "'seen_history__length': (3,)" in lines[-1]


def test_any_grpc_client_with_lists(target_with_lists, tmp_path):
    status, lines, errors = run(programs()[3], target_with_lists, folder=tmp_path)
    assert status == 0, errors
    assert lines == [
        "seen_history__length [3, 0]",
        "seen_member [b'm7', b'm8']",
        "seen_product [11, 11]",
        "seen_product_image [[0.5, 1.0], [nan, nan]]",
        "seen_product_tags [[b'new', b''], [b'new', b'red']]",
        "seen_product_tags__length [1, 2]",
        "seen_seen [[12, 13, 14], [0, 0, 0]]",
        "seen_seen_action [[b'buy', b'view', b'buy'], [b'', b'', b'']]",
    ]
    values = client_rows()
    with Client(target_with_lists, "polyrank") as client:
        ours = client.predict(values)
    assert [f"{name} {ours[name].tolist()}" for name in sorted(ours)] == lines


def client_rows():
    """The same candidates as our client takes them."""
    return {
        "member": ["m7", "m8"],
        "seen": [[11, 12, 13, 14], []],
        "seen_action": [["view", "buy", "view", "buy"], []],
        "product": [11, 11],
        "product_tags": [["new"], ["new", "red"]],
        "product_image": [[0.5, 1.0], None],
    }


def test_lists_that_are_not_aligned_are_refused_as_the_page_says(target_with_lists):
    values = client_rows() | {"seen_action": [["view", "buy", "view"]] * 2}
    values["seen"] = [[1, 2, 3], [11, 12, 13, 14]]
    with (
        Client(target_with_lists, "polyrank") as client,
        pytest.raises(ColumnValueError) as caught,
    ):
        client.predict(values)
    shown = str(caught.value)
    assert f"    {shown}\n" in PAGE
