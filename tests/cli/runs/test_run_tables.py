"""The tables and the last line of a run."""

import dataclasses
import io
import json
import pathlib

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from rich.console import Console

from cli.runs.result import RunResult
from cli.runs.tables import last_line, print_result
from components.span_window.complete import PassedOver
from components.span_window.window import Found, Window
from data.log.files import LeftOut
from pipeline.log_state import LogState
from pipeline.outcome import Outcome
from pipeline.run_record import ComponentRecord

NUMBERS = {
    "auc": 0.75, "gauc": 0.625, "logloss": 0.5, "calibration": 1.25, "positives": 1234,
    "negatives": 56,
}  # fmt: skip
LOG = LogState(
    Found(
        Window(("2026-01-01",), ("2026-01-02",)), (PassedOver("span=2026-01-03", "half written"),)
    ),
    files=(),
    left_out=(LeftOut("notes.md", "no log"),),
)
EMPTY = {**dict.fromkeys(NUMBERS), "positives": 0, "negatives": 0}


def _cell(scenario, numbers, verdict, **more):
    return {
        "output": "click",
        "scenario": scenario,
        "candidate": numbers,
        "verdict": verdict,
        "reason": "because",
        "refuses": verdict == "fail",
        **more,
    }


@pytest.fixture
def result():
    return RunResult(
        outcome=Outcome.PUSHED,
        reason="gate: 1 pass",
        model="mmoe",
        run_directory=pathlib.Path("runs/1"),
        version="17",
        gate={
            "cells": [
                _cell(
                    "*",
                    NUMBERS,
                    "pass",
                    difference={"auc": -0.0125},
                    intervals={"auc": [-0.0135, -0.0115]},
                ),
                _cell("feed", EMPTY, "insufficient data"),
            ],
            "situations": ["Scenario 'feed' is new."],
        },
        references={"outputs": {"click": {"user_rate": {"auc": 0.7, "logloss": 0.6}}}},
        components=(ComponentRecord("Trainer", "done", 1.5, 10, {}),),
    )


def _text(result, verbose=False) -> str:
    stream = io.StringIO()
    print_result(Console(file=stream, width=120), result, verbose=verbose)
    return stream.getvalue()


def _printed(result, verbose=True) -> list[list[str]]:
    stream = io.StringIO(_text(result, verbose))
    return [line.split() for line in stream.getvalue().splitlines() if line.strip()]


def test_only_what_was_decided_is_shown_unless_all_cells_are_wanted(result):
    refused = _cell("search", NUMBERS, "fail", reason="AUC 0.7500 is below 0.9.")
    gate = {**result.gate, "cells": [*result.gate["cells"], refused]}
    found = dataclasses.replace(
        result, gate=gate, outcome=Outcome.REFUSED_BY_GATE, reason="click/search: fail: AUC …"
    )
    lines = [" ".join(words) for words in _printed(found, verbose=False)]
    assert [line for line in lines if "click" in line or "feed" in line or "cells" in line] == [
        "click 0.7500 -0.0125±0.0010 0.6250 0.5000 1.250 1,234 56 pass",
        "click/search AUC 0.7500 is below 0.9.",
        "2 cells of single scenarios: --verbose shows them",
        "Scenario 'feed' is new.",
        "click 0.7500 (0.5000) 0.7000 (0.6000)",
        "refused by gate: click/search: fail: AUC … (log: runs/1/run.log)",
    ]
    verbose = [" ".join(words) for words in _printed(found, verbose=True)]
    assert not any("--verbose" in line for line in verbose)
    assert "click/feed because" in verbose
    assert any(line.startswith("search 0.7500 -") and line.endswith(" fail") for line in verbose)


def test_warnings_of_the_gate_are_printed_one_a_line(result):
    warning = "click/*: calibration 0.585 (95 % interval 0.410 to 0.834) may or may not be [so]."
    warning += 2 * " The rest of it is longer than the terminal is wide."
    result.gate["warnings"] = [warning]
    for verbose in (False, True):
        assert f" warning: {warning}\n" in _text(result, verbose)
    assert result.document()["gate"]["warnings"] == [warning]


def test_every_number_of_a_cell_is_shown(result):
    lines = _printed(result)
    gain = "-0.0125±0.0010"
    assert ["click", "0.7500", gain, "0.6250", "0.5000", "1.250", "1,234", "56", "pass"] in lines
    assert ["feed", "-", "-", "-", "-", "-", "0", "0", "insufficient"] in lines


def test_a_scenario_called_all_has_a_row_of_its_own(result):
    other = {**NUMBERS, "auc": 0.5}
    result.gate["cells"].append(_cell("all", other, "fail"))
    lines = _printed(result)
    assert [line[:2] for line in lines if line[0] in ("click", "all", "feed")][:3] == [
        ["click", "0.7500"],
        ["feed", "-"],
        ["all", "0.5000"],
    ]
    assert ["click/all", "because"] in lines
    assert ["click", "0.7500", "(0.5000)", "0.7000", "(0.6000)"] in lines
    document = result.document()
    assert document["format"] == 2
    assert document["metrics"]["click"] == {"*": NUMBERS, "feed": EMPTY, "all": other}


def test_names_in_brackets_are_shown_as_they_are(result):
    for cell in result.gate["cells"]:
        cell["output"] = "[/b]"
    result.references["outputs"]["[/b]"] = result.references["outputs"].pop("click")
    result.gate["cells"][1]["scenario"] = "[red]"
    lines = _printed(result)
    assert [line[0] for line in lines if line[0].startswith("[")].count("[/b]") == 2
    assert ["[/b]", "0.7500", "(0.5000)", "0.7000", "(0.6000)"] in lines


def test_what_did_not_pass_and_what_is_new_has_a_sentence(result):
    lines = _printed(result)
    assert ["click/feed", "because"] in lines
    assert ["click/*", "because"] not in lines
    assert ["Scenario", "'feed'", "is", "new."] in lines


def test_without_a_baseline_no_gain_is_shown(result):
    for cell in result.gate["cells"]:
        cell.pop("difference", None)
    assert not any("gain" in line for line in _printed(result))


def test_simple_models_stand_beside_the_candidate(result):
    lines = _printed(result)
    assert ["output", "mmoe", "user", "rate"] in lines
    assert ["click", "0.7500", "(0.5000)", "0.7000", "(0.6000)"] in lines


def test_the_document_is_keyed_by_output_and_scenario(result):
    document = result.document()
    assert document["metrics"] == {"click": {"*": NUMBERS, "feed": EMPTY}}
    assert (document["status"], document["exit_code"], document["version"]) == ("pushed", 0, "17")
    assert document["components"] == [
        {"name": "Trainer", "outcome": "done", "seconds": 1.5, "rows": 10, "note": ""}
    ]


@pytest.mark.parametrize(
    ("outcome", "start", "status"),
    [
        (Outcome.PUSHED, "pushed: version 17; gate: 1 pass", 0),
        (Outcome.ERROR, "error: gate: 1 pass (log: runs/1/run.log)", 1),
        (Outcome.REFUSED_BY_GATE, "refused by gate: gate: 1 pass (log: runs/1/run.log)", 3),
        (Outcome.BAD_DATA, "bad data: gate: 1 pass (log: runs/1/run.log)", 4),
        (Outcome.CANARY_FAILED, "canary failed: gate: 1 pass (log: runs/1/run.log)", 5),
    ],
)
def test_the_last_line_says_how_it_ended_and_why(result, outcome, start, status):
    from dataclasses import replace

    ended = replace(result, outcome=outcome)
    assert last_line(ended) == start
    assert ended.document()["exit_code"] == status


@pytest.mark.parametrize(("outcome", "shown"), [("cached", True), ("done", False)])
def test_files_left_out_are_named_where_the_log_came_from_the_cache(result, outcome, shown):
    record = ComponentRecord("ImpressionExampleGen", outcome, 0.1, 10, {})
    found = dataclasses.replace(result, components=(record,), log=LOG)
    lines = [" ".join(words) for words in _printed(found)]
    assert ("left out: notes.md (no log)" in lines) is shown
    assert found.document()["left_out"] == [{"name": "notes.md", "reason": "no log"}]


@pytest.mark.parametrize(("outcome", "shown"), [("cached", True), ("done", False)])
def test_spans_of_few_rows_are_named_where_the_log_came_from_the_cache(
    result, tmp_path, outcome, shown
):
    small = {"span": "span=2026-01-02", "rows": 3, "median": 40, "before": 6}
    (tmp_path / "examples.json").write_text(json.dumps({"small_spans": [small]}))
    artifact = mlmd.Artifact(uri=str(tmp_path))
    record = ComponentRecord("ImpressionExampleGen", outcome, 0.1, 10, {"examples": artifact})
    found = dataclasses.replace(result, components=(record,))
    assert ("few rows: span=2026-01-02 has 3 rows, 7.5% of 40, the median" in _text(found)) is shown
    assert found.document()["small_spans"] == [small]


def test_the_document_has_the_window_and_the_spans_passed_over(result):
    assert dataclasses.replace(result, log=LOG).document()["window"] == {
        "train": ("2026-01-01",),
        "eval": ("2026-01-02",),
        "passed_over": [{"span": "span=2026-01-03", "reason": "half written"}],
    }
    assert result.document()["window"] == {}


@pytest.mark.parametrize(
    ("user", "without", "wanted"),
    [
        ("member", 0, None),
        (
            "member",
            258,
            "GAUC leaves out 258 of 1,290 rows (20.0%), whose member is empty (guests)",
        ),
        (None, 1290, "no GAUC: the schema has no user_id"),
    ],
)
def test_what_gauc_leaves_out_is_said_once_below_the_table(result, user, without, wanted):
    for cell in result.gate["cells"]:
        cell["candidate"] = {**cell["candidate"], "without_user": without}
    result.gate["user_id"] = user
    lines = [" ".join(words) for words in _printed(result)]
    assert [line for line in lines if "GAUC" in line][1:] == ([wanted] if wanted else [])


def test_a_gate_of_an_earlier_version_says_nothing_of_users(result):
    assert sum("GAUC" in line for line in _printed(result)) == 1
