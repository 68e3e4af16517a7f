import datetime
import json
import logging

import pytest

from common.errors import BadDataError
from common.settings import SettingsError, parse
from components.common import artifacts
from components.span_window import window
from components.span_window.config import WindowConfig
from components.span_window.executor import Executor
from components.span_window.window import Window, read


def resolve(names, end, train, evaluation, **more):
    config = WindowConfig(end=end, train_spans=train, eval_spans=evaluation)
    return window.resolve(names, config, **more).window


NAMES = ["span=2026-02-27", "span=2026-02-28", "span=2026-03-01", "span=2026-03-02", "README.md"]


def test_latest_window_crosses_the_month():
    assert resolve(NAMES, "latest", 2, 1) == Window(("2026-02-28", "2026-03-01"), ("2026-03-02",))


def test_end_is_the_last_date_of_the_window():
    assert resolve(NAMES, "2026-03-01", 1, 1) == Window(("2026-02-28",), ("2026-03-01",))


def test_order_of_the_listing_does_not_matter():
    assert resolve(NAMES[::-1], "latest", 3, 1) == resolve(NAMES, "latest", 3, 1)


def test_no_eval_spans():
    found = resolve(NAMES, "latest", 4, 0)
    assert found.eval == ()
    assert found.dates == ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")


def test_a_gap_inside_the_window_is_named():
    names = [name for name in NAMES if name != "span=2026-02-28"]
    with pytest.raises(BadDataError) as error:
        resolve(names, "latest", 3, 1)
    assert "lacks 2026-02-28;" in str(error.value)
    assert "2026-02-27 to 2026-03-02" in str(error.value)
    assert "the log has 2026-02-27, 2026-03-01 to 2026-03-02" in str(error.value)


def test_a_gap_outside_the_window_is_no_error():
    names = [name for name in NAMES if name != "span=2026-02-28"]
    assert resolve(names, "latest", 1, 1).dates == ("2026-03-01", "2026-03-02")


def test_too_few_days_names_the_missing_ones():
    with pytest.raises(BadDataError, match="lacks 2026-02-25, 2026-02-26;"):
        resolve(NAMES, "latest", 5, 1)


def test_an_end_that_has_not_arrived_is_named():
    with pytest.raises(BadDataError, match="lacks 2026-03-03;"):
        resolve(NAMES, "2026-03-03", 1, 1)


def test_the_latest_span_must_not_lie_in_the_future():
    names = ["span=2026-03-01", "span=2026-03-02"]
    utc = datetime.timezone.utc
    yesterday = datetime.datetime(2026, 3, 1, tzinfo=utc)
    # 23:30 in UTC, whatever the date is elsewhere.
    east = datetime.timezone(datetime.timedelta(hours=9))
    before = datetime.datetime(2026, 3, 1, 8, 30, tzinfo=east)
    assert resolve(names, "latest", 1, 1, now=yesterday).eval == ("2026-03-02",)
    with pytest.raises(
        BadDataError, match=r"span=2026-03-02, lies in the future \(today is 2026-02-28"
    ):
        resolve(names, "latest", 1, 1, now=before)
    # Whoever names a day means it.
    assert resolve(names, "2026-03-02", 1, 1, now=before).eval == ("2026-03-02",)


def test_no_span_at_all_says_what_was_found():
    with pytest.raises(BadDataError, match=r"span=YYYY-MM-DD exists \(found: a, b\)"):
        resolve(["b", "a"], "latest", 1, 1)


def test_folders_that_are_no_date_are_left_out_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        found = resolve([*NAMES, "span=2026-3-5", "span=2026-02-30"], "latest", 1, 0)
    assert found.train == ("2026-03-02",)
    assert "span=2026-3-5" in caplog.text and "span=2026-02-30" in caplog.text


@pytest.mark.parametrize("end", ["yesterday", "2026-13-01", ""])
def test_an_unusable_end(end):
    with pytest.raises(SettingsError, match=f"end is '{end}'; write 'latest' or a date"):
        resolve(NAMES, end, 1, 1)


@pytest.mark.parametrize(("train", "evaluation"), [(0, 1), (1, -1)])
def test_unusable_numbers_of_spans(train, evaluation):
    with pytest.raises(SettingsError, match=r"'(train|eval)_spans' is (0|-1): "):
        parse(WindowConfig, {"train_spans": train, "eval_spans": evaluation})


def _execute(tmp_path, data_path, **config):
    artifact = artifacts.SpanWindow()
    artifact.uri = str(tmp_path / "window")
    properties = {
        "data_path": str(data_path),
        "end": "latest",
        "window_config": json.dumps({"train_spans": 2, "eval_spans": 1, **config}),
        "state_token": "s",
        "code_digest": "c",
    }
    Executor().Do({}, {"window": [artifact]}, properties)
    return artifact


def test_executor_writes_the_window_of_the_folder(tmp_path):
    for name in NAMES:
        (tmp_path / "log" / name).mkdir(parents=True)
    artifact = _execute(tmp_path, tmp_path / "log")
    content = json.loads((tmp_path / "window" / "window.json").read_text())
    assert content == {"train": ["2026-02-28", "2026-03-01"], "eval": ["2026-03-02"]}
    assert read(artifact.uri) == Window(("2026-02-28", "2026-03-01"), ("2026-03-02",))
    assert artifact.get_string_custom_property("last") == "2026-03-02"


def test_executor_names_the_folder_in_errors(tmp_path):
    (tmp_path / "log" / NAMES[0]).mkdir(parents=True)
    with pytest.raises(BadDataError, match=f"{tmp_path}/log: the window"):
        _execute(tmp_path, tmp_path / "log")
    with pytest.raises(BadDataError, match="nowhere does not exist"):
        _execute(tmp_path, tmp_path / "nowhere")


def test_executor_ends_with_the_newest_span_that_has_the_marker(tmp_path, caplog):
    for name in NAMES:
        (tmp_path / "log" / name).mkdir(parents=True)
        if name != "span=2026-03-02":
            (tmp_path / "log" / name / "_SUCCESS").touch()
    artifact = _execute(tmp_path, tmp_path / "log", ready="_SUCCESS")
    assert read(artifact.uri) == Window(("2026-02-27", "2026-02-28"), ("2026-03-01",))
    assert "passed over: span=2026-03-02 (without _SUCCESS, " in caplog.text


def test_executor_finds_markers_in_a_remote_folder(tmp_path):
    import tensorflow as tf

    for name in NAMES[:4]:
        tf.io.gfile.makedirs(f"ram://windows/{name}")
        if name != "span=2026-03-02":
            with tf.io.gfile.GFile(f"ram://windows/{name}/_SUCCESS", "w") as file:
                file.write("")
    artifact = _execute(tmp_path, "ram://windows", ready="_SUCCESS")
    assert read(artifact.uri).eval == ("2026-03-01",)
