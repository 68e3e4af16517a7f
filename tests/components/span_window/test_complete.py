"""Which of the newest spans a window ends with."""

import datetime

import pytest

from common.errors import BadDataError
from common.settings import SettingsError, parse
from components.span_window.complete import PassedOver, passed_over_lines
from components.span_window.config import Lag, WindowConfig
from components.span_window.window import resolve

NAMES = [f"span=2026-03-0{day}" for day in range(1, 7)]
NOW = datetime.datetime(2026, 3, 7, 3, 0, tzinfo=datetime.timezone.utc)


def found(marked=(1, 2, 3, 4, 5, 6), now=NOW, **config):
    config = WindowConfig(**{"train_spans": 1, "eval_spans": 1, **config})
    dates = {f"2026-03-0{day}" for day in marked}
    return resolve(NAMES, config, lambda date: date in dates, now)


def ends(**more):
    result = found(**more)
    return result.window.dates[-1], [x.span for x in result.passed_over]


def test_without_lag_and_marker_the_window_ends_with_the_newest():
    assert ends(marked=()) == ("2026-03-06", [])


def test_a_lag_in_spans_is_counted_in_spans_not_in_days():
    assert ends(lag=2) == ("2026-03-04", ["span=2026-03-06", "span=2026-03-05"])
    gap = [name for name in NAMES if name != "span=2026-03-05"]
    assert resolve(gap, WindowConfig(train_spans=1, eval_spans=1, lag=1), now=NOW).window.dates == (
        "2026-03-03",
        "2026-03-04",
    )


@pytest.mark.parametrize(
    ("lag", "end"),
    # It is 03:00 on the 7th: the 6th ended three hours ago, the 5th 27.
    [("0h", 6), ("3h", 6), ("4h", 5), ("27h", 5), ("28h", 4)],
)
def test_a_lag_in_hours_counts_from_the_end_of_the_span_s_day(lag, end):
    assert ends(lag=lag)[0] == f"2026-03-0{end}"


def test_a_day_that_goes_on_is_not_complete():
    now = datetime.datetime(2026, 3, 6, 23, 59, 59, tzinfo=datetime.timezone.utc)
    assert ends(lag="0h", now=now) == ("2026-03-05", ["span=2026-03-06"])
    # The same moment, by another zone's clock.
    zone = datetime.timezone(datetime.timedelta(hours=9))
    assert ends(lag="0h", now=now.astimezone(zone)) == ("2026-03-05", ["span=2026-03-06"])


def test_a_span_without_its_marker_is_passed_over_with_the_reason():
    result = found(marked=(1, 2, 3, 4), ready="_SUCCESS", lag=1)
    assert result.window.dates == ("2026-03-03", "2026-03-04")
    assert passed_over_lines(result.passed_over) == [
        "passed over: span=2026-03-06 (one of the 1 newest, window.lag is 1)",
        "passed over: span=2026-03-05 (without _SUCCESS, which window.ready wants)",
    ]


def test_spans_of_one_reason_are_one_line():
    same = [PassedOver(f"span={day}", "why") for day in ("2026-03-06", "2026-03-05")]
    assert passed_over_lines(same) == ["passed over: span=2026-03-06, span=2026-03-05 (why)"]


def test_hours_say_from_when_on_the_span_is_complete():
    (passed,) = found(lag="6h").passed_over
    assert passed.reason == (
        "window.lag is 6h, so complete from 2026-03-07 06:00 on, and it is 2026-03-07 03:00, UTC"
    )


def test_a_span_inside_the_window_without_its_marker_is_missing():
    with pytest.raises(BadDataError) as error:
        found(marked=(1, 2, 4, 6), ready="_SUCCESS", train_spans=3)
    assert str(error.value) == (
        "the window 2026-03-03 to 2026-03-06 (3 train and 1 eval spans, end 'latest') has no "
        "_SUCCESS (window.ready) in span=2026-03-03, span=2026-03-05; the log has 2026-03-01 to "
        "2026-03-06. Deliver the missing days, or choose another end or fewer spans"
    )


def test_a_window_that_begins_too_early_says_why_it_ends_where_it_does():
    with pytest.raises(BadDataError) as error:
        found(lag=1, train_spans=5)
    first, second = str(error.value).splitlines()
    assert "the window 2026-02-28 to 2026-03-05 (5 train and 1 eval" in first
    assert second == "  passed over: span=2026-03-06 (one of the 1 newest, window.lag is 1)"


def test_a_named_end_needs_its_marker_and_no_lag():
    assert ends(end="2026-03-06", lag=3) == ("2026-03-06", [])
    with pytest.raises(BadDataError, match=r"has no READY \(window.ready\) in span=2026-03-06;"):
        found(end="2026-03-06", marked=(4, 5), ready="READY")
    with pytest.raises(BadDataError, match=r"lacks 2026-03-07 and has no READY .* in span="):
        found(end="2026-03-07", marked=(), ready="READY")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"lag": 6}, "one of the 6 newest, window.lag is 6"),
        ({"ready": "_SUCCESS"}, "without _SUCCESS, which window.ready wants"),
    ],
)
def test_where_no_span_is_complete_all_are_named(config, reason):
    with pytest.raises(BadDataError) as error:
        found(marked=(), **config)
    spans = ", ".join(reversed(NAMES))
    assert str(error.value) == f"no span of the log is complete:\n  passed over: {spans} ({reason})"


def test_what_a_configuration_may_say_of_the_lag():
    assert Lag.parse(2) == Lag(spans=2)
    assert Lag.parse("48h") == Lag(hours=48)
    for wrong in (-1, True, 1.5, "2", "6 h", "6m", "-1h", "", None, "1234567h"):
        with pytest.raises(SettingsError, match="is no lag; write a number of spans, such"):
            parse(WindowConfig, {"lag": wrong})


@pytest.mark.parametrize("wrong", ["", " ", "a/b", ".", "..", "done.csv", "part.parquet"])
def test_a_marker_is_the_name_of_a_file_that_is_none_of_the_log_s(wrong):
    with pytest.raises(SettingsError, match="'ready': "):
        parse(WindowConfig, {"ready": wrong})
