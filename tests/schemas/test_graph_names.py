"""Columns' names as graphs carry them: exact, unique on any disk, and back."""

import pathlib
import random
import re

import pytest

import schemas
from schemas.contract import load_contract
from schemas.graph_names import column_name, graph_names

EXACT = {
    "user_id": "user_id",
    "Price2": "Price2",
    "x__index": "x__index",
    "user-group": "user_x2d_group",
    "user group": "user_x20_group",
    "item.id": "item_x2e_id",
    "item_id": "item_id",
    "a/b": "a_x2f_b",
    "1st": "u_x31_st",
    "_row": "u_x5f_row",
    "_": "u_x5f_",
    "gr\u00f6\u00dfe": "gr_xf6__xdf_e",
    "\u65e5\u672c": "u_x65e5__x672c_",
    "\U0001f600": "u_x1f600_",
    "self": "u_x73_elf",
    "class": "u_x63_lass",
    "None": "u_x4e_one",
    "target__click": "u_x74_arget__click",
    "row__weight": "u_x72_ow__weight",
    # What looks like a code is none.
    "a_x2d_b": "a_x5f_x2d_b",
    "_x2d_": "u_x5f_x2d_",
    "u_x31_st": "u_x75__x5f_x31_st",
    "u-": "u_x75__x2d_",
    "_x2d-": "u_x5f_x2d_x2d_",
}


def test_exact_names():
    assert graph_names(EXACT) == EXACT
    assert {name: column_name(graph_name) for name, graph_name in EXACT.items()} == {
        name: name for name in EXACT
    }


def test_names_that_differ_in_case_alone():
    columns = ["Brand", "brand", "BRAND", "Color", "a.B", "A.b"]
    assert graph_names(columns) == {
        "Brand": "u_x42_rand",
        "brand": "brand",
        "BRAND": "u_x42__x52__x41__x4e__x44_",
        "Color": "Color",
        "a.B": "a_x2e__x42_",
        "A.b": "u_x41__x2e_b",
    }
    assert graph_names(columns) == graph_names(columns[::-1])


def test_any_names_have_graph_names_of_their_own_and_lead_back():
    random_ = random.Random(17)
    pieces = [
        "_",
        "x",
        "X",
        "u",
        "U",
        "2d",
        "2D",
        "_x2d_",
        "_X41_",
        "-",
        "A",
        "a",
        "\u00e9",
        " ",
        "7",
    ]
    for _ in range(4000):
        columns = {"".join(random_.choices(pieces, k=random_.randint(1, 7))) for _ in range(8)}
        names = graph_names(columns)
        assert len({name.lower() for name in names.values()}) == len(columns), columns
        for column, name in names.items():
            assert re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name), column
            assert column_name(name) == column


SHIPPED = sorted(pathlib.Path(schemas.__file__).parent.glob("*/schema.pbtxt"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_columns_of_a_shipped_schema_keep_their_names(path):
    columns = load_contract(path).columns
    assert [column.graph_name for column in columns] == [column.name for column in columns]
