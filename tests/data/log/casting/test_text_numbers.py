import pyarrow as pa
import pytest
from impression_log import DAY_ONE

from data.log.casting.text_numbers import parse_numbers
from data.log.casting.values import cast


def _parsed(texts, kind, ticks=None):
    """Returns the values, and the positions that are no number."""
    raw = pa.array([None if t is None else t.encode() for t in texts], pa.binary())
    values, broken = parse_numbers(raw, kind, ticks)
    assert values.type == (pa.int64() if kind == "int" else pa.float64())
    return values.to_pylist(), [] if broken is None else broken.nonzero()[0].tolist()


def test_plain_numbers_and_gaps():
    assert _parsed(["1", "-7", None, "007"], "int") == ([1, -7, None, 7], [])
    assert _parsed(["1", "-7.25", None, "1e3"], "float") == ([1, -7.25, None, 1000], [])


def test_integers_keep_every_digit_beside_values_that_need_care():
    most = 2**63 - 1
    texts = [str(most), str(-(2**63)), str(2**53 + 1), "3.0", " 4 ", "nan", "", "null", None]
    wanted = [most, -(2**63), 2**53 + 1, 3, 4, None, None, None, None]
    assert _parsed(texts, "int") == (wanted, [])


@pytest.mark.parametrize(
    "text", ["x", "1.5", "1_0", "9223372036854775808", "1e300", "inf", "1 2", "2026-01-01", "\x00"]
)
def test_a_text_that_is_no_integer(text):
    assert _parsed(["1", text, "1"], "int") == ([1, None, 1], [1])


def test_truth_values_are_numbers():
    assert _parsed(["true", "False", "TRUE"], "int") == ([1, 0, 1], [])
    assert _parsed(["true", "0.5"], "float") == ([1, 0.5], [])


def test_reals_that_are_missing_infinite_or_no_numbers():
    raw = pa.array([b"1.5", b"NaN", b"inf", b"-1e39", b"oops", None])
    values, broken = cast(raw, "float")
    assert values.to_pylist() == [1.5, None, None, None, None, None]
    assert {reason: rows.tolist() for reason, rows in broken.items()} == {
        "unusable_number": [False, False, True, True, True, False]
    }


@pytest.mark.parametrize(("ticks", "more"), [(1, 0), (1_000, 250), (1_000_000, 250_000)])
def test_times_are_ticks_or_iso_8601(ticks, more):
    texts = [
        str(DAY_ONE * ticks),
        "2026-01-01T00:00:00.250",
        "2026-01-01 00:00:00",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01",
        "yesterday",
    ]
    start = DAY_ONE * ticks
    wanted = [start, start + more, start, start, start, start, None]
    assert _parsed(texts, "int", ticks) == (wanted, [6])


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-01-01T00:00:10.5", 10_500_000),
        ("2026-01-01 00:00:10.123456789", 10_123_456),
        ("2026-01-01T00:00:10+0000", 10_000_000),
        ("2026-01-01T02:30:10.25+0230", 10_250_000),
        ("2025-12-31t22:00:10.000001-02", 10_000_001),
        ("2026-01-01T00:01Z", 60_000_000),
        ("2026-01-01T01", 3_600_000_000),
        ("2026-02-30", None),
        ("2026-01-01T00:00:10.", None),
        ("2026-01-01T25:00:00", None),
        ("2026-01-01T00:00:00+99:00", None),
    ],
)
def test_fractions_and_zones_of_iso_8601(text, microseconds):
    wanted = None if microseconds is None else DAY_ONE * 1_000_000 + microseconds
    broken = [0] if microseconds is None else []
    assert _parsed([text], "int", 1_000_000) == ([wanted], broken)
    seconds = None if wanted is None else wanted // 1_000_000
    assert _parsed([text], "int", 1) == ([seconds], broken)


@pytest.mark.parametrize("neighbour", ["7", "true"])
@pytest.mark.parametrize("text", ["0x10", "0X1f"])
def test_hexadecimal_is_no_number_whatever_its_neighbours(text, neighbour):
    first = 7 if neighbour == "7" else 1
    assert _parsed([neighbour, text], "int") == ([first, None], [1])
    assert _parsed([neighbour, text], "float") == ([first, None], [1])


def test_bytes_that_are_no_text():
    values, broken = cast(pa.array([b"ok", b"\xff", None, b"\xff", "\u00e4".encode()]), "bytes")
    assert values.to_pylist() == [b"ok", None, None, None, "\u00e4".encode()]
    assert broken["not_utf8"].tolist() == [False, True, False, True, False]
