import datetime
import json
import logging

import pytest

from common.errors import BadDataError
from common.settings import SettingsError
from components.common import artifacts
from components.span_window.executor import Executor
from components.span_window.window import Window, read, resolve

NAMES = ["span=2026-02-27", "span=2026-02-28", "span=2026-03-01", "span=2026-03-02", "README.md"]


def test_latest_window_crosses_the_month():
    assert resolve(NAMES, "latest", 2, 1) == Window(("2026-02-28", "2026-03-01"), ("2026-03-02",))


def test_end_is_the_last_date_of_the_window():
    assert resolve(NAMES, "2026-03-01", 1, 1) == Window(("2026-02-28",), ("2026-03-01",))


def test_order_of_the_listing_does_not_matter():
    assert resolve(NAMES[::-1], "latest", 3, 1) == resolve(NAMES, "latest", 3, 1)


def test_no_eval_spans():
    window = resolve(NAMES, "latest", 4, 0)
    assert window.eval == ()
    assert window.dates == ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02")


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
    yesterday, before = datetime.date(2026, 3, 1), datetime.date(2026, 2, 28)
    assert resolve(names, "latest", 1, 1, today=yesterday).eval == ("2026-03-02",)
    with pytest.raises(
        BadDataError, match=r"span=2026-03-02, lies in the future \(today is 2026-02-28"
    ):
        resolve(names, "latest", 1, 1, today=before)
    # Whoever names a day means it.
    assert resolve(names, "2026-03-02", 1, 1, today=before).eval == ("2026-03-02",)


def test_no_span_at_all_says_what_was_found():
    with pytest.raises(BadDataError, match=r"span=YYYY-MM-DD exists \(found: a, b\)"):
        resolve(["b", "a"], "latest", 1, 1)


def test_folders_that_are_no_date_are_left_out_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        window = resolve([*NAMES, "span=2026-3-5", "span=2026-02-30"], "latest", 1, 0)
    assert window.train == ("2026-03-02",)
    assert "span=2026-3-5" in caplog.text and "span=2026-02-30" in caplog.text


@pytest.mark.parametrize("end", ["yesterday", "2026-13-01", ""])
def test_an_unusable_end(end):
    with pytest.raises(SettingsError, match=f"end is '{end}'; write 'latest' or a date"):
        resolve(NAMES, end, 1, 1)


@pytest.mark.parametrize(("train", "evaluation"), [(0, 1), (1, -1)])
def test_unusable_numbers_of_spans(train, evaluation):
    with pytest.raises(SettingsError, match=f"train_spans is {train}"):
        resolve(NAMES, "latest", train, evaluation)


def _execute(tmp_path, data_path):
    artifact = artifacts.SpanWindow()
    artifact.uri = str(tmp_path / "window")
    properties = {
        "data_path": str(data_path),
        "end": "latest",
        "train_spans": 2,
        "eval_spans": 1,
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
