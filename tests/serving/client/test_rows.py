import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from common.errors import BadDataError, PolyrankError
from serving.client.rows import by_column, by_name, check_inputs, tensors
from serving.served_columns import ServedColumn
from serving.signatures import TensorSpec

COLUMNS = {
    "age": ServedColumn("age", "float32", math.nan),
    "city": ServedColumn("city", "string", b""),
    "item id": ServedColumn("item_id", "int64"),
}


def test_columns_go_to_the_inputs_that_the_model_names():
    made = tensors({"item id": [2**60, 4.0], "age": [3, 0.5], "city": ["Zürich", b"b"]}, COLUMNS)
    assert {name: array.dtype for name, array in made.items()} == {
        "age": np.float32,
        "city": object,
        "item_id": np.int64,
    }
    assert made["age"].tolist() == [3.0, 0.5]
    assert made["city"].tolist() == ["Zürich".encode(), b"b"]
    assert made["item_id"].tolist() == [2**60, 4]


def test_no_rows_have_the_signatures_types():
    made = tensors({"age": [], "city": [], "item id": []}, COLUMNS)
    assert [array.dtype for array in made.values()] == [np.float32, object, np.int64]
    assert all(array.shape == (0,) for array in made.values())


def test_a_column_that_the_model_has_not_is_named_with_the_nearest():
    with pytest.raises(BadDataError, match="the model has no column 'town'; known: age, city"):
        tensors({"age": [1], "town": ["a"], "item id": [1]}, COLUMNS)
    with pytest.raises(BadDataError, match="no column 'item_id'; did you mean 'item id'?"):
        tensors({"age": [1], "city": ["a"], "item_id": [1]}, COLUMNS)


def test_columns_that_lack_are_named():
    wanted = r"there are no columns 'age', 'city'; the model takes age, city, item id \(a missing"
    with pytest.raises(BadDataError, match=wanted):
        tensors({"item id": [1]}, COLUMNS)


def test_columns_of_different_sizes_are_named():
    sizes = "one value or list a row, but their sizes differ: 'age' 1, 'city' 2, 'item id' 2"
    with pytest.raises(BadDataError, match=sizes):
        tensors({"age": [1], "city": ["a", "b"], "item id": [1, 2]}, COLUMNS)


def test_rows_become_columns_and_other_keys_are_passed_over():
    rows = [{"age": 1, "city": "a", "item id": 1, "click": 0}, {"age": 2, "city": None}]
    assert by_column(rows[:1], COLUMNS) == {"age": [1], "city": ["a"], "item id": [1]}
    with pytest.raises(BadDataError, match=r"rows\[1\] has no column 'item id'; the model takes"):
        by_column(rows, COLUMNS)
    with pytest.raises(BadDataError, match="line 514 has no column 'item id'"):
        by_column(rows, COLUMNS, lambda index: f"line {index + 513}")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame([[1, 2]]), r"a column is called 0 \(int\); wanted the name as text"),
        ({("a", "b"): [1]}, r"a column is called \('a', 'b'\) \(tuple\); wanted the name"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "the table has the column 'a' 2 times"),
        (
            pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]),
            "the table has the column 'a' 2 times",
        ),
        ([{"a": 1}], "wanted a mapping .* or a table .*, got list; polyrank.predict takes a list"),
        (pa.chunked_array([[1]]), "wanted a mapping .*, got ChunkedArray; "),
        (pd.Series([1]), "wanted a mapping .*, got Series; "),
        ("a", "wanted a mapping .*, got str; "),
        (None, "wanted a mapping .*, got NoneType; "),
    ],
)
def test_what_is_no_table_of_named_columns_is_refused(table, message):
    with pytest.raises(BadDataError, match=message):
        by_name(table)


def test_tables_of_pandas_and_arrow_are_their_columns():
    values = {"a": [1, 2], "b": ["x", "y"]}
    for table in (values, pd.DataFrame(values), pa.table(values)):
        assert [list(map(str, column)) for column in by_name(table).values()] == [
            ["1", "2"],
            ["x", "y"],
        ]
    assert by_name({"a": iter([1, 2])}) == {"a": [1, 2]}


@pytest.mark.parametrize("row", [7, "age", None, ["age"]])
def test_a_row_that_is_no_mapping_is_named(row):
    good = {"age": 1, "city": "a", "item id": 1}
    wanted = rf"rows\[1\]: wanted a mapping from column to value, got {type(row).__name__}"
    with pytest.raises(BadDataError, match=wanted):
        by_column([good, row], COLUMNS)


def test_a_signature_of_matrices_is_refused():
    with pytest.raises(PolyrankError, match=r"'image' is float32 \[\?, 28\]"):
        check_inputs({"image": TensorSpec("float32", (None, 28), "image:0")}, {})
    with pytest.raises(PolyrankError, match=r"'half' is float16 \[\?\]"):
        check_inputs({"half": TensorSpec("float16", (None,), "half:0")}, {})
    check_inputs({"age": TensorSpec("float32", None, "age:0")}, {})
