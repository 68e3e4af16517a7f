"""The simple models next to the candidate, on the terminal and in result.json."""

import dataclasses
import io
import pathlib

import pytest
from rich.console import Console

from cli.runs.gate_record import passed
from cli.runs.models_table import comparison_lines
from cli.runs.result import RunResult
from cli.runs.tables import print_result
from pipeline.outcome import Outcome

CANDIDATE = {
    "auc": 0.75, "gauc": 0.7, "logloss": 0.5, "calibration": 1.0, "positives": 900,
    "negatives": 100,
}  # fmt: skip
MODELS = {
    "user_rate": {"auc": 0.7, "logloss": 0.6},
    "logistic_regression": {"auc": 0.76, "logloss": 0.55},
}
WORSE = "worse in 1 of 2 comparisons with simple models"
REASON = "click/*: worse than logistic regression: AUC 0.7500 is 0.0100 below its 0.7600."


def judged(gain, verdict):
    return {
        "gain": {"auc": gain, "logloss": 0.1},
        "intervals": {"auc": [gain - 0.002, gain + 0.002], "logloss": [0.0, 0.2]},
        "verdict": verdict,
        "reason": "because",
    }


def made_result(mode="warn", of=1000, reason=None):
    compared = {
        "rows": 1000,
        "of": of,
        "candidate": {"auc": 0.75, "logloss": 0.5},
        "models": {
            "user_rate": judged(0.05, "better"),
            "logistic_regression": judged(-0.01, "worse"),
        },
    }
    missing = {"reason": "split 'eval' has not both classes"}
    outputs = {} if reason else {"click": compared, "buy": missing}
    return RunResult(
        outcome=Outcome.PUSHED,
        reason="",
        model="mmoe",
        run_directory=pathlib.Path("runs/1"),
        version="17",
        gate={
            "cells": [
                {"output": output, "scenario": "*", "candidate": CANDIDATE, "verdict": "pass",
                 "reason": "", "refuses": False}
                for output in ("click", "buy")
            ],
            "situations": [],
            "counts": {"pass": 2, "fail": 0},
            "baseline": {"version": None},
            "references": {
                "mode": mode,
                "reason": reason,
                "worse": [] if reason else [REASON],
                "outputs": outputs,
            },
        },
        references={"outputs": {"click": dict(MODELS), "buy": missing}},
    )  # fmt: skip


def printed(result):
    stream = io.StringIO()
    print_result(Console(file=stream, width=120), result)
    return [" ".join(line.split()) for line in stream.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize(("of", "rows"), [(1000, "1,000 rows"), (2500, "1,000 of 2,500 rows")])
def test_gains_and_verdicts_stand_below_the_numbers(of, rows):
    lines = printed(made_result(of=of))
    at = lines.index("click 0.7500 (0.5000) 0.7000 (0.6000) 0.7600 (0.5500)")
    assert lines[at + 1 : at + 4] == [
        f"gain, {rows} +0.0500±0.0020 -0.0100±0.0020",
        "verdict better worse",
        "buy 0.7500 (0.5000) - -",
    ]


def test_a_model_is_called_as_in_its_settings_and_a_simple_one_by_words():
    lines = printed(dataclasses.replace(made_result(), model="shop_models:Cross[2]"))
    assert "output shop_models:Cross[2] user rate logistic regression" in lines


@pytest.mark.parametrize(("mode", "label"), [("warn", "warning"), ("refuse", "refused")])
def test_what_is_worse_and_what_was_not_compared_has_a_line(mode, label):
    lines = printed(made_result(mode))
    assert lines[-3:-1] == [
        f"{label}: {REASON}",
        "buy is not compared with simple models: split 'eval' has not both classes",
    ]


def test_why_nothing_was_compared():
    reason = "references.enabled is false: there are no simple models"
    result = made_result(reason=reason)
    assert f"not compared with simple models: {reason}" in printed(result)
    assert "click 0.7500 (0.5000) 0.7000 (0.6000) 0.7600 (0.5500)" in printed(result)
    # Who has switched it off knows, and gates of earlier versions do not.
    assert comparison_lines(made_result("off", reason="off").gate) == []
    assert comparison_lines({}) == []


def test_the_last_line_counts_the_warnings():
    gate = made_result().gate
    assert passed(gate) == f"gate: 2 pass; baseline: none; warning: {WORSE}"
    assert passed(made_result(reason="x").gate) == "gate: 2 pass; baseline: none"


def test_the_document_has_gains_intervals_rows_and_verdicts():
    result = made_result(of=2500)
    click = result.document()["references"]["outputs"]["click"]
    assert click["compared"] == {
        "rows": 1000,
        "of": 2500,
        "candidate": {"auc": 0.75, "logloss": 0.5},
    }
    assert click["logistic_regression"] == {
        **MODELS["logistic_regression"],
        "gain": {"auc": -0.01, "logloss": 0.1},
        "intervals": {"auc": [-0.012, -0.008], "logloss": [0.0, 0.2]},
        "verdict": "worse",
    }
    assert result.document()["references"]["outputs"]["buy"] == {
        "reason": "split 'eval' has not both classes"
    }
    # What was read stays as it was.
    assert result.references["outputs"]["click"] == MODELS
