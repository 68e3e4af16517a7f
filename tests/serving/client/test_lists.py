import dataclasses
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from common.errors import BadDataError, PolyrankError
from serving.client.casting import ColumnValueError
from serving.client.rows import check_inputs, tensors
from serving.served_columns import ServedColumn, ServedLengths
from serving.signatures import TensorSpec

HISTORY, OF_TAGS = ServedLengths("history__length", True), ServedLengths("tags__length", False)
ITEMS = ServedColumn("items", "int64", (), length=3, lengths=HISTORY)
GAPS = ServedColumn("gaps", "float32", (), length=3, lengths=HISTORY)
TAGS = ServedColumn("tags", "string", (), length=2, lengths=OF_TAGS)
WEIGHTS = ServedColumn("weights", "float32", (), length=2, lengths=OF_TAGS)
NEEDED = ServedColumn("image", "float32", dim=2)
OPTIONAL = ServedColumn("image", "float32", math.nan, dim=2)


def made(column, values):
    """The column's input and its lengths."""
    found = tensors({"c": values}, {"c": column})
    return found[column.input], found.get(column.lengths.input if column.lengths else "")


LISTS = [
    [[1, 2, 3, 4, 5], [], None, [7]],
    ((1, 2, 3, 4, 5), (), None, (7.0,)),
    [np.array([1, 2, 3, 4, 5]), np.array([], np.int64), math.nan, np.array([7], np.int32)],
    [np.array([1, 2, 3, 4, 5]), None, np.array([]), np.array([7])],
    np.array([[1, 2, 3, 4, 5], [], None, [7]], dtype=object),
    pd.Series([[1, 2, 3, 4, 5], [], None, np.array([7])]),
    pd.Series([[1, 2, 3, 4, 5], [], pd.NA, ["7"]]),
    pa.array([[1, 2, 3, 4, 5], [], None, [7]]),
    pa.array([[1, 2, 3, 4, 5], [], None, [7]], pa.large_list(pa.int16())),
    pa.chunked_array([[[1, 2, 3, 4, 5], []], [None, [7]]], pa.list_(pa.float64())),
    [pa.scalar([1, 2, 3, 4, 5]), pa.array([]), None, pd.Series([7])],
    [range(1, 6), [], None, (x for x in [7])],
]


@pytest.mark.parametrize("values", LISTS, ids=range(len(LISTS)))
def test_of_a_sequence_the_newest_values_are_sent(values):
    array, lengths = made(ITEMS, values)
    assert array.dtype == lengths.dtype == np.int64
    assert array.tolist() == [[3, 4, 5], [0, 0, 0], [0, 0, 0], [7, 0, 0]]
    assert lengths.tolist() == [3, 0, 0, 1]


def test_of_a_multi_valued_column_the_first_values_are_sent():
    array, lengths = made(TAGS, [["a", "b", "c"], None, ["ü", 7], []])
    assert array.tolist() == [[b"a", b"b"], [b"", b""], ["ü".encode(), b"7"], [b"", b""]]
    assert lengths.tolist() == [2, 0, 2, 0]
    assert made(TAGS, [["a", "b", "c"]])[0].tolist() == [[b"a", b"b"]]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_rows_of_one_length_may_come_as_one_array(count):
    values = np.arange(2 * count).reshape(2, count)
    array, lengths = made(GAPS, values)
    kept = values[:, max(count - 3, 0) :]
    wanted = np.zeros((2, 3), np.float32)
    wanted[:, : kept.shape[1]] = kept
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, wanted)
    assert lengths.tolist() == [min(count, 3)] * 2


def test_no_rows_have_the_signatures_shapes():
    for values in ([], np.array([]), pa.array([], pa.list_(pa.int64()))):
        array, lengths = made(TAGS, values)
        assert (array.dtype, array.shape, lengths.shape) == (object, (0, 2), (0,))
        assert made(OPTIONAL, values)[0].shape == (0, 2)


def test_columns_of_a_group_share_their_lengths():
    columns = {"items": ITEMS, "gaps": GAPS, "tags": TAGS, "weights": WEIGHTS}
    values = {
        "items": [[1, 2, 3, 4], []],
        "gaps": [[0.5, 1, 2, 4], None],
        "tags": [None, ["a"]],
        "weights": [[], [0.25]],
    }
    found = tensors(values, columns)
    assert sorted(found) == ["gaps", "history__length", "items", "tags", "tags__length", "weights"]
    assert found["history__length"].tolist() == [3, 0]
    assert found["tags__length"].tolist() == [0, 1]
    assert found["gaps"].tolist() == [[1, 2, 4], [0, 0, 0]]
    assert found["weights"].tolist() == [[0, 0], [0.25, 0]]

    # Both are cut to three values, and are not aligned all the same.
    with pytest.raises(ColumnValueError) as caught:
        tensors(values | {"gaps": [[0.5, 1, 2, 4, 8], None]}, columns)
    assert str(caught.value) == (
        "column 'gaps', index 0: its list has length 5, and that of 'items' length 4; the "
        "aligned lists of 'history' need one length in a row"
    )
    wanted = "'weights', index 1: its list has length 0, and that of 'tags' length 1; the aligned "
    with pytest.raises(ColumnValueError, match=wanted):
        tensors(values | {"weights": [[], None]}, columns)


def test_vectors():
    arrays = [
        [[1, 2], [3.5, 4]],
        np.array([[1, 2], [3.5, 4]]),
        pa.array([[1, 2], [3.5, 4]], pa.list_(pa.float32(), 2)),
    ]
    for values in arrays:
        array, lengths = made(NEEDED, values)
        assert lengths is None
        assert array.dtype == np.float32
        assert array.tolist() == [[1, 2], [3.5, 4]]


@pytest.mark.parametrize("missing", [None, [], math.nan, [math.nan, math.nan], [None, None]])
def test_a_vector_may_be_missing_where_the_model_says_so(missing):
    array, _ = made(OPTIONAL, [[1, 2], missing])
    assert array[0].tolist() == [1, 2]
    assert np.isnan(array[1]).all()
    with pytest.raises(ColumnValueError) as caught:
        made(NEEDED, [[1, 2], missing])
    wanted = "column 'c', index 1: the vector is missing, and the model needs a list of 2 numbers"
    assert str(caught.value) == wanted


REFUSED = [
    (ITEMS, [[1], 7], r"index 1: got 7 \(int\), wanted a list of values"),
    (ITEMS, [[1], "1|2"], r"index 1: got '1\|2' \(str\), wanted a list of values"),
    (ITEMS, [{1: 2}], r"index 0: got \{1: 2\} \(dict\), wanted a list of values"),
    (ITEMS, [np.zeros((1, 1))], r"index 0: got array.* wanted a list of values"),
    (
        ITEMS,
        [[], [1], [2, [3]]],
        r"index 2: value 1 of the list: got \[3\] \(list\), wanted a whole",
    ),
    (
        ITEMS,
        [[1, 2], [3, None]],
        r"index 1: value 1 of the list: it is missing \(None \(NoneType\)",
    ),
    (ITEMS, [[], [3, math.nan]], r"index 1: value 1 of the list: it is missing \(nan \(float\)\)"),
    (ITEMS, [np.array([1, np.nan])], r"index 0: value 1 of the list: it is missing \(nan"),
    (ITEMS, np.ma.array([[1, 2]], mask=[[0, 1]]), r"index 0: value 1 of the list: it is missing"),
    (
        ITEMS,
        [[2**63]],
        r"index 0: value 0 of the list: got 9223372036854775808 \(int\), wanted a w",
    ),
    (ITEMS, [[1, 0.5]], r"index 0: value 1 of the list: got 0.5 \(float\), wanted a whole number"),
    (GAPS, [[1, math.inf]], r"index 0: value 1 of the list: got inf \(float\), wanted a finite"),
    (GAPS, [[], ["a"]], r"index 1: value 0 of the list: got 'a' \(str\), wanted a finite number"),
    (TAGS, [["a", None]], r"index 0: value 1 of the list: it is missing"),
    (TAGS, [["a", "\ud800"]], r"index 0: value 1 of the list: got '\\ud800' \(str\), wanted text"),
    (OPTIONAL, [[1, 2], [1]], r"index 1: got 1 values, wanted a list of 2 numbers"),
    (OPTIONAL, [[1, 2, 3]], r"index 0: got 3 values, wanted a list of 2 numbers"),
    (OPTIONAL, [[1, math.nan]], r"index 0: value 1 of the list: it is missing"),
    (OPTIONAL, [1.5], r"index 0: got 1.5 \(float\), wanted a list of 2 numbers"),
]


@pytest.mark.parametrize(("column", "values", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_list_of_the_models_values_is_refused(column, values, message):
    with pytest.raises(ColumnValueError, match=f"^column 'c', {message}"):
        made(column, values)


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ([1, 2], r"an array of shape \[2\]"),
        (np.zeros((1, 2, 3)), r"an array of shape \[1, 2, 3\]"),
    ],
)
def test_an_array_must_have_a_row_a_list(values, got):
    with pytest.raises(
        BadDataError, match=rf"column 'c': wanted a list of values a row, got {got}"
    ):
        made(ITEMS, np.array(values))


@pytest.mark.parametrize("values", ["ab", 7, None, {"a": [1]}, pd.DataFrame({"a": [[1]]})])
def test_what_is_no_column_of_lists_is_refused(values):
    with pytest.raises(BadDataError, match="column 'c': wanted a list of values a row, got "):
        made(ITEMS, values)


def test_a_column_of_one_value_takes_no_lists():
    with pytest.raises(ColumnValueError, match=r"got \[1\] \(list\), wanted a whole number"):
        tensors({"c": [[1]]}, {"c": ServedColumn("c", "int64")})


def test_inputs_of_lists_must_be_described():
    inputs = {"items": TensorSpec("int64", (None, 3), "items:0")}
    check_inputs(inputs, {"items": ITEMS})
    with pytest.raises(PolyrankError, match=r"'items' is int64 \[\?, 3\]; .* the model describes"):
        check_inputs(inputs, {"items": ServedColumn("items", "int64")})


JSON = dataclasses.replace(ITEMS, text="json")
TEXTS = [
    (
        JSON,
        ["[1, 2, 3, 4]", None, "[]", b" [7] ", [8, "9"], ""],
        [[2, 3, 4], [], [], [7], [8, 9], []],
    ),
    (dataclasses.replace(GAPS, text="pipe"), ["0.5|1e1", "2", "nan"], [[0.5, 10], [2], []]),
    (dataclasses.replace(TAGS, text="comma"), ["a, b,c", "", "7"], [[b"a", b"b"], [], [b"7"]]),
    (dataclasses.replace(TAGS, text="json"), ['["ü", 7]', None], [["ü".encode(), b"7"], []]),
]


@pytest.mark.parametrize(("column", "values", "wanted"), TEXTS, ids=range(len(TEXTS)))
def test_texts_hold_lists_where_the_model_says_how(column, values, wanted):
    array, lengths = made(column, values)
    assert [row[:length].tolist() for row, length in zip(array, lengths, strict=True)] == wanted
    for table in (pd.Series(values, dtype=object), np.array([*values, None], object)[:-1]):
        assert made(column, table)[0].tolist() == array.tolist()


def test_a_vector_may_be_a_text():
    column = dataclasses.replace(OPTIONAL, text="space")
    array, _ = made(column, pa.array(["0.5 -2", None, "1 1"]))
    np.testing.assert_array_equal(array, np.array([[0.5, -2], [math.nan] * 2, [1, 1]], "f"))
    with pytest.raises(ColumnValueError, match="index 0: got 3 values, wanted a list of 2 numbers"):
        made(column, ["1 2 3"])


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        (JSON, "7", r"index 1: got '7' \(str\), wanted a JSON list$"),
        (JSON, "[[1]]", r"index 1: got '\[\[1\]\]' \(str\), wanted a JSON list of plain values"),
        (JSON, "[1, null]", r"index 1: value 1 of the list: it is missing"),
        (
            JSON,
            '[1, "b"]',
            r"index 1: value 1 of the list: got b'b' \(bytes\), wanted a whole number",
        ),
        (
            ITEMS,
            "[7]",
            r"index 1: got '\[7\]' \(str\), wanted a list of values; a text is split where",
        ),
    ],
)
def test_texts_that_hold_no_list_are_refused(column, text, message):
    with pytest.raises(ColumnValueError, match=message):
        made(column, [[1], text])
