"""Newest spans with few rows for the days before."""

import json
import logging
import pathlib

import pytest
from impression_log import DATES, day_table

from common.errors import BadDataError
from common.settings import SettingsError, parse
from components.impression_example_gen.volume import SmallSpan, check_volume, small_spans
from components.span_window.config import VolumeConfig, WindowConfig
from components.span_window.window import Window

DAYS = tuple(f"2026-03-{day:02}" for day in range(1, 9))
# A weekend among the days before does not move the median (100): mean 85.
ROWS = dict(zip(DAYS, (100, 98, 102, 100, 40, 40, 115, 49), strict=True))


def small(rows=ROWS, train=DAYS[:7], evaluation=DAYS[7:], **config):
    return small_spans(rows, Window(train, evaluation), VolumeConfig(**config))


def test_an_eval_span_is_compared_with_the_median_of_the_train_spans():
    (found,) = small()
    assert found == SmallSpan("span=2026-03-08", rows=49, median=100, before=7)
    assert str(found) == (
        "span=2026-03-08 has 49 rows, 49.0% of 100, the median of the 7 spans before"
    )
    assert small({**ROWS, DAYS[7]: 50}) == ()


@pytest.mark.parametrize(("share", "names"), [(0.48, []), (0.5, [8]), (0, []), (1, [8])])
def test_the_share_is_the_configuration_s(share, names):
    assert [x.span for x in small(at_least=share)] == [f"span=2026-03-0{day}" for day in names]


def test_every_eval_span_is_compared_and_none_with_another():
    # Of 100, 98, 102, 100: the days 5, 6 and 8 are small, whatever lies between them.
    found = small(train=DAYS[:4], evaluation=DAYS[4:])
    assert [(x.span[-1], x.rows, x.median, x.before) for x in found] == [
        ("5", 40, 100, 4), ("6", 40, 100, 4), ("8", 49, 100, 4),
    ]  # fmt: skip


def test_without_eval_spans_the_last_train_span_is_compared_with_the_others():
    (found,) = small(train=DAYS, evaluation=())
    assert (found.span, found.before) == ("span=2026-03-08", 7)


def test_one_span_alone_is_compared_with_none():
    assert small(train=DAYS[:1], evaluation=()) == ()
    (found,) = small({DAYS[0]: 10, DAYS[1]: 4}, train=DAYS[:1], evaluation=DAYS[1:2])
    assert str(found) == "span=2026-03-02 has 4 rows, 40.0% of 10, the rows of the span before"


def test_only_refuse_raises_and_names_every_span():
    found = small(train=DAYS[:4], evaluation=DAYS[4:6])
    check_volume(found, VolumeConfig())
    check_volume((), VolumeConfig(otherwise="refuse"))
    with pytest.raises(BadDataError) as error:
        check_volume(found, VolumeConfig(at_least=0.6, otherwise="refuse"))
    assert str(error.value).splitlines() == [
        "too few rows, at least 60% of the days before are wanted (window.volume):",
        "  span=2026-03-05 has 40 rows, 40.0% of 100, the median of the 4 spans before",
        "  span=2026-03-06 has 40 rows, 40.0% of 100, the median of the 4 spans before",
        "  deliver the rest; or end the window before (window.end, window.lag), or lower "
        "window.volume.at_least",
    ]


@pytest.mark.parametrize("wrong", [{"at_least": 1.5}, {"otherwise": "off"}, {"below": "warn"}])
def test_what_a_configuration_can_not_say_of_it(wrong):
    with pytest.raises(SettingsError, match="volume"):
        parse(WindowConfig, {"volume": wrong})


@pytest.fixture
def half_written(log):
    """The log of three days of 40 rows, 15 of them on the newest."""
    log.write(2, day_table(2).slice(0, 15))
    return log


def test_a_run_says_it_and_goes_on(half_written, caplog):
    with caplog.at_level(logging.WARNING, "polyrank.progress"):
        examples, _ = half_written.run("run")
    line = (
        "few rows: span=2026-01-03 has 15 rows, 37.5% of 40, the median of the 2 spans before; "
        "is it complete?"
    )
    assert [x.message for x in caplog.records if x.name == "polyrank.progress"][:1] == [line]
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["rows_by_span"] == dict(zip(DATES, (40, 40, 15), strict=True))
    assert record["small_spans"] == [
        {"span": "span=2026-01-03", "rows": 15, "median": 40, "before": 2}
    ]
    assert record["rows"]["eval"] == 15


def test_a_run_refuses_before_anything_is_written(half_written):
    volume = VolumeConfig(otherwise="refuse").model_dump_json()
    with pytest.raises(BadDataError, match="span=2026-01-03 has 15 rows"):
        half_written.run("run", volume=volume)
    assert list(pathlib.Path(half_written.folder / "run" / "examples").iterdir()) == []


def test_a_run_over_equal_days_says_nothing(log, caplog):
    with caplog.at_level(logging.WARNING, "polyrank.progress"):
        examples, _ = log.run("run", volume=VolumeConfig(otherwise="refuse").model_dump_json())
    assert "few rows" not in caplog.text
    record = json.loads(pathlib.Path(examples.uri, "examples.json").read_text())
    assert record["small_spans"] == []
