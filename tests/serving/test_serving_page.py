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


def test_the_page_has_a_program_with_our_client_and_one_without():
    ours, raw = programs()
    assert "from serving.client import Client" in ours
    imported = set(re.findall(r"^(?:import|from) (\w+)", raw, re.MULTILINE))
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
