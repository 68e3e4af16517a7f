"""Columns of texts whose files hold numbers: pages 1, 2, 3 are names too."""

import numpy as np
import pyarrow as pa
import pytest

from data.log.casting.values import cast


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array([1, None, -3], pa.int8()), [b"1", None, b"-3"]),
        (pa.array([2**64 - 1], pa.uint64()), [b"18446744073709551615"]),
        (pa.array([True, False]), [b"1", b"0"]),
        (pa.array([1.0, float("nan"), None]), [b"1", None, None]),
    ],
)
def test_whole_numbers_are_written_as_people_write_them(array, texts):
    found, broken = cast(array, "bytes")
    assert (found.type, found.to_pylist(), broken) == (pa.binary(), texts, {})


def test_a_fraction_is_no_name():
    found, broken = cast(pa.array([1.0, 1.5, None, float("inf")]), "bytes")
    assert found.to_pylist() == [b"1", None, None, None]
    assert list(broken) == ["no_text"]
    np.testing.assert_array_equal(broken["no_text"], [False, True, False, True])


def test_unsigned_numbers_are_integers_as_far_as_int64_goes():
    found, broken = cast(pa.array([1, None, 2**63 - 1, 2**63], pa.uint64()), "int")
    assert found.to_pylist() == [1, None, 2**63 - 1, None]
    assert broken["unusable_number"].tolist() == [False, False, False, True]
    assert cast(pa.array([7, None], pa.uint64()), "int")[1] == {}
    assert cast(pa.array([2**63], pa.uint64()), "float")[0].to_pylist() == [2.0**63]
