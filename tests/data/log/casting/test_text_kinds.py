"""What a column of texts is found to hold: always what the pipeline's reader makes of it."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from data.log.casting.text_kinds import narrowest
from data.log.casting.values import cast

UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", None, "-7"], pa.int64(), [1, None, -7]),
        (["3", "", "NaN", "null"], pa.int64(), [3, None, None, None]),
        (["3.0", "", "NaN", "null"], pa.float64(), [3.0, None, None, None]),
        (["1.5", "nan", "2"], pa.float64(), [1.5, None, 2.0]),
        (["12.50", "0.10", ".5", "-0.0", "7"], pa.float64(), [12.5, 0.1, 0.5, 0.0, 7.0]),
        (["0.5", "1e-05", "1.25E+10"], pa.float64(), [0.5, 1e-5, 1.25e10]),
        (["1", "1.0", "2.5"], pa.float64(), [1.0, 1.0, 2.5]),
        (["9223372036854775807"], pa.int64(), [2**63 - 1]),
        # Hashes of 64 bits: a double would make several of them one.
        (["9223372036854775808", "1"], pa.string(), ["9223372036854775808", "1"]),
        (["nan", None, " NULL"], pa.string(), [None, None, None]),
        (["2026-03-01", "soon"], pa.string(), ["2026-03-01", "soon"]),
        (["a", "a", None], pa.string(), ["a", "a", None]),
    ],
)
def test_the_first_kind_that_all_texts_are(texts, kind, values):
    for raw in (pa.array(texts, pa.string()), pa.array(texts, pa.binary())):
        found = narrowest(raw)
        assert found.type == kind
        assert found.to_pylist() == values


@pytest.mark.parametrize(
    "text",
    [
        "001", "12e3", "0x1f", "True", "false", "inf", "-inf", "Infinity", "+1", " 1", "1 ",
        "1_000", "-0", "1e400", "1,5", "١", "5.", "1.0.0", "01.5", "NaN%",
    ],
)  # fmt: skip
def test_what_is_no_numbers_canonical_writing_is_text(text):
    for neighbours in ([], ["1"], ["nan", "17"]):
        texts = [*neighbours, text]
        assert narrowest(pa.array(texts, pa.binary())).equals(pa.array(texts))


@pytest.mark.parametrize("text", ["001.5", "+1.5", "inf", "0x1f", "True", "1e400", "5.", " 1.5"])
def test_a_column_of_reals_is_text_for_one_that_is_not(text):
    texts = ["0.25", text, "7"]
    assert narrowest(pa.array(texts)).equals(pa.array(texts))


def test_texts_that_one_number_would_stand_for_stay_apart():
    versions = pa.array(["1.1", "1.10", "1.2"])
    assert narrowest(versions).equals(versions)
    assert narrowest(pa.array(["1.10", "1.20", "1.30"])).type == pa.float64()


def test_times_are_times_of_utc():
    found = narrowest(pa.array(["2026-03-01", "2026-03-01T01:00:00+01:00", None]))
    assert found.type == pa.timestamp("us", "UTC")
    day = datetime.datetime(2026, 3, 1, tzinfo=UTC)
    assert found.to_pylist() == [day, day, None]


def test_bytes_that_are_no_text_stay():
    raw = pa.array([b"\xff", b"a"], pa.binary())
    assert narrowest(raw).equals(raw)


def test_what_is_no_number_shows_in_the_last_row_too():
    texts = pa.array([str(i) for i in range(5_000)] + ["x"])
    assert narrowest(texts).type == pa.string()


@pytest.mark.parametrize("texts", [["1", "2.0", "nan"], ["1.5", "", "2e3"], ["-7", "0"]])
def test_numbers_are_those_that_a_contract_would_read(texts):
    raw = pa.array(texts, pa.binary())
    found = narrowest(raw)
    kind = "int" if pa.types.is_integer(found.type) else "float"
    read, broken = cast(raw, kind)
    assert not broken
    assert found.is_null().equals(read.is_null())
    known = found.drop_null().to_numpy().astype(np.float32)
    np.testing.assert_array_equal(known, read.drop_null().to_numpy().astype(np.float32))
