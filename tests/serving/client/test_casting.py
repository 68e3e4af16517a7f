"""Values of every kind for every dtype of a signature."""

import decimal
import math
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from common.errors import BadDataError
from common.missing_values import MISSING
from serving.client.casting import ColumnValueError, cast_column
from serving.served_columns import ServedColumn

ROOT = pathlib.Path(__file__).resolve().parents[3]
INT, FLOAT, STRING = (ServedColumn("c", dtype, MISSING[dtype]) for dtype in MISSING)
LEAST = -(2**63)


def cast(values, column):
    return cast_column("c", values, column)


def same(array, wanted, dtype):
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, np.array(wanted, dtype))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([20, 7], [20, 7]),
        ([30, None], [30, LEAST]),
        ((1.0, math.nan), [1, LEAST]),
        (range(2), [0, 1]),
        ((x for x in [3, 4]), [3, 4]),
        ([2**63 - 1, LEAST], [2**63 - 1, LEAST]),
        ([True, np.True_, np.int8(3), np.float32(4)], [1, 1, 3, 4]),
        (["7", b"8", "3.0", "", "null"], [7, 8, 3, LEAST, LEAST]),
        ([decimal.Decimal("7.0"), decimal.Decimal(2**60)], [7, 2**60]),
        ([np.array(5), pa.scalar(6)], [5, 6]),
        ([np.array("NaT", "datetime64[ns]"), np.ma.array(5, mask=True)], [LEAST] * 2),
        ([pa.scalar(None, pa.int64()), decimal.Decimal("NaN")], [LEAST] * 2),
        ([pd.NA, pd.NaT, np.ma.masked], [LEAST] * 3),
        (np.array([1, 2], np.uint64), [1, 2]),
        (np.array([True, False]), [1, 0]),
        (np.array([1.0, np.nan], np.float16), [1, LEAST]),
        (np.array([1, 2], ">i4"), [1, 2]),
        (np.array(["5", "6"]), [5, 6]),
        (np.ma.array([1, 2**60 + 1], mask=[True, False]), [LEAST, 2**60 + 1]),
        (np.array(["NaT", "NaT"], "datetime64[s]"), [LEAST, LEAST]),
        (np.array(["NaT", "NaT"], "timedelta64[ns]"), [LEAST, LEAST]),
        (np.array([1, np.nan], np.longdouble), [1, LEAST]),
        ([np.longdouble(3)], [3]),
        (pd.Series([2**60 + 1, None], dtype="Int64"), [2**60 + 1, LEAST]),
        (pd.Series([1.0, None]), [1, LEAST]),
        (pd.Series([1, 2], index=[7, 9]), [1, 2]),
        (pd.Series([3, 3]).astype("category"), [3, 3]),
        (pd.Series([True, None], dtype="boolean"), [1, LEAST]),
        (pd.Index([4, 5]), [4, 5]),
        (pa.array([2**60 + 1, None]), [2**60 + 1, LEAST]),
        (pa.chunked_array([[1], [None]], pa.uint8()), [1, LEAST]),
        (pa.array([1, None, 1]).dictionary_encode(), [1, LEAST, 1]),
        (pa.array([decimal.Decimal("8"), None]), [8, LEAST]),
        (pa.nulls(2), [LEAST, LEAST]),
        ([], []),
    ],
)
def test_int64(values, wanted):
    same(cast(values, INT), wanted, np.int64)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([20, 7], [20, 7]),
        ([19.9, None], [19.9, math.nan]),
        ([None, None], [math.nan, math.nan]),
        (["1e3", "0.5", "nan", True], [1000, 0.5, math.nan, 1]),
        ([decimal.Decimal("0.25"), np.float64(1.5), 2**60], [0.25, 1.5, 2**60]),
        (np.array([20, 7]), [20, 7]),
        (np.array([2**64 - 1], np.uint64), [2**64]),
        (np.array([0.1, np.nan]), [0.1, math.nan]),
        (np.ma.array([1.0, 2.0], mask=[False, True]), [1, math.nan]),
        (pd.Series([0.5, None], dtype="Float64"), [0.5, math.nan]),
        (pd.array([1, None], dtype="Int64"), [1, math.nan]),
        (pa.array([0.5, None], pa.float32()), [0.5, math.nan]),
        (pa.array([np.float16(0.5), None], pa.float16()), [0.5, math.nan]),
        ([], []),
    ],
)
def test_float32(values, wanted):
    same(cast(values, FLOAT), wanted, np.float32)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["Zürich", "Zürich".encode(), None], ["Zürich".encode(), "Zürich".encode(), b""]),
        ([7, 7.0, True, 2**60, math.nan], [b"7", b"7", b"1", b"1152921504606846976", b""]),
        (np.array(["a", "b"]), [b"a", b"b"]),
        (np.array([b"a", b"b"]), [b"a", b"b"]),
        (np.array([1, 2], np.int8), [b"1", b"2"]),
        (np.array(["a", np.nan], object), [b"a", b""]),
        (pd.Series(["a", pd.NA], dtype="string"), [b"a", b""]),
        (pd.Series(["a", None]).astype("category"), [b"a", b""]),
        (pa.array(["a", None]), [b"a", b""]),
        (pa.array([b"a", None], pa.large_binary()), [b"a", b""]),
        ([bytearray(b"x"), np.str_("y"), np.bytes_(b"z")], [b"x", b"y", b"z"]),
        ([], []),
    ],
)
def test_string(values, wanted):
    array = cast(values, STRING)
    assert array.dtype == object
    assert array.tolist() == wanted


def test_numbers_of_the_right_dtype_are_not_copied():
    ids, prices = np.array([1, 2]), np.array([1, 2], np.float32)
    assert cast(ids, INT) is ids
    assert cast(prices, FLOAT) is prices


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        (INT, 19.99, r"19\.99 \(float\), wanted a whole number from -2\*\*63 to 2\*\*63 - 1"),
        (INT, 2**63, r"9223372036854775808 \(int\), wanted a whole number"),
        (INT, 2.0**60, r"1\.15\S+ \(float\), wanted a whole number"),
        (INT, math.inf, r"inf \(float\), wanted a whole number"),
        (INT, "old", r"'old' \(str\), wanted a whole number .*\(int64\)"),
        (INT, "1.5", r"'1\.5' \(str\), wanted"),
        (INT, "\ud800", r"'.ud800' \(str\), wanted"),
        (INT, 1j, r"1j \(complex\), wanted"),
        (INT, decimal.Decimal("0.5"), r"Decimal\('0\.5'\) \(Decimal\), wanted"),
        (INT, decimal.Decimal("Infinity"), r"Decimal\('Infinity'\) \(Decimal\), wanted"),
        (INT, pd.Timestamp("2026-01-01"), r"Timestamp\('2026-01-01.*\(Timestamp\), wanted"),
        (INT, np.timedelta64(5, "s"), r".*timedelta64.*\(timedelta64\), wanted"),
        (INT, np.datetime64(5, "ns"), r".*datetime64.*\(datetime64\), wanted"),
        (FLOAT, np.timedelta64(5, "ns"), r".*\(timedelta64\), wanted"),
        (INT, np.array(np.datetime64(5, "ns")), r".*datetime64.*\(ndarray\), wanted"),
        (FLOAT, np.array(np.datetime64(5, "ns")), r".*datetime64.*\(ndarray\), wanted"),
        (STRING, np.array(np.timedelta64(5, "ns")), r".*timedelta64.*\(ndarray\), wanted"),
        (INT, [1], r"\[1\] \(list\), wanted"),
        (FLOAT, "old", r"'old' \(str\), wanted a finite number \(float32\)"),
        (FLOAT, math.inf, r"inf \(float\), wanted a finite number"),
        (FLOAT, "inf", r"'inf' \(str\), wanted a finite number"),
        (FLOAT, 1e300, r"1e\+300 \(float\), wanted a finite number"),
        (FLOAT, 10**400, r"1000.*… \(int\), wanted a finite number"),
        (FLOAT, [1.0], r"\[1\.0\] \(list\), wanted"),
        (STRING, 1.5, r"1\.5 \(float\), wanted text in UTF-8 or a whole number \(string\)"),
        (STRING, b"Z\xfcrich", r"b'Z.xfcrich' \(bytes\), wanted text in UTF-8"),
        (STRING, bytearray(b"\xff"), r"bytearray.* wanted text in UTF-8"),
        (STRING, np.bytes_(b"\xff"), r".*xff.* wanted text in UTF-8"),
        pytest.param(FLOAT, 10**5000, r"a number of too many digits \(int\), wanted", id="digits"),
        (STRING, ["a"], r"\['a'\] \(list\), wanted text"),
        (STRING, "\ud800", r"'.ud800' \(str\), wanted text"),
    ],
)
def test_a_value_without_a_place_is_named_with_its_row(column, value, shown):
    with pytest.raises(ColumnValueError, match=rf"^column 'c', index 1: got {shown}") as caught:
        cast([None, value], column)
    assert (caught.value.column, caught.value.index) == ("c", 1)
    assert str(caught.value.at("a.csv, row 7")).startswith("a.csv, row 7, column 'c': got ")


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (INT, np.array([0, 2**63], np.uint64)),
        (INT, np.array([0, 0.5])),
        (FLOAT, np.array([0, np.inf])),
        (FLOAT, np.array([0, 1e300])),
        (INT, np.array(["2026-01-01", "2026-01-02"], "datetime64[s]")),
        (INT, np.array(["2026-01-01", "2026-01-02"], "datetime64[ns]")),
        (FLOAT, np.array([1, 2], "timedelta64[ns]")),
        (INT, pd.Series(pd.to_datetime(["2026-01-01", None]))),
        (STRING, pd.Series(pd.to_timedelta([1, None], unit="s"))),
        (INT, pa.array([1, None], pa.timestamp("us"))),
        (INT, pa.array([1, None], pa.duration("ns"))),
        (STRING, pa.array([1, None], pa.date32())),
    ],
)
def test_arrays_are_checked_as_lists_are(column, values):
    with pytest.raises(ColumnValueError, match=r"^column 'c', index [01]: got .*, wanted"):
        cast(values, column)


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT, np.ma.masked])
@pytest.mark.parametrize("dtype", list(MISSING))
def test_a_missing_value_where_the_model_needs_one_is_named(dtype, missing):
    valid = "a" if dtype == "string" else 1
    with pytest.raises(ColumnValueError, match=r"index 1: the value is missing \(.*needs one"):
        cast([valid, missing], ServedColumn("c", dtype))


def test_a_missing_value_in_an_array_where_the_model_needs_one_is_named():
    needed = ServedColumn("c", "float32")
    for values in (np.array([0, np.nan], np.float32), np.ma.array([0, 1.0], mask=[False, True])):
        with pytest.raises(ColumnValueError, match="column 'c', index 1: the value is missing"):
            cast(values, needed)


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (7, r"7 \(int\)"),
        ("osaka", r"'osaka' \(str\)"),
        (None, r"None"),
        ({1: 2}, r"\{1: 2\} \(dict\)"),
        ({1}, r"\{1\} \(set\)"),
        (np.array(7), r"an array of shape \[\]"),
        (np.ones((4, 1)), r"an array of shape \[4, 1\]"),
        (pd.DataFrame({"a": [1]}), r"an array of shape \[1, 1\]"),
    ],
)
def test_what_is_no_column_is_refused(values, got):
    with pytest.raises(BadDataError, match=rf"column 'c': wanted one value a row, got {got}"):
        cast(values, INT)


def test_the_model_servers_image_needs_neither_arrow_nor_pandas():
    script = (
        "import sys\n"
        "sys.modules.update(pyarrow=None, pandas=None)\n"
        "import serving.client, serving.server\n"
        "from serving.client.casting import cast_column\n"
        "from serving.served_columns import ServedColumn\n"
        "print(cast_column('c', [1, None, 2.0], ServedColumn('c', 'int64', -1)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[ 1 -1  2]\n", done.stderr
