"""What the gate makes of the comparison with simple models."""

import json

import pytest

from common.json_files import plain_json
from common.settings import SettingsError, parse
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.references import judge_references, with_references
from models.metrics.quality import Quality
from pipeline.config_files import load_config
from pipeline.presets import preset_path

RESULT = {"blessed": True, "reasons": [], "cells": []}


def compared(
    auc: float, error: float, rows: int = 33_170, positives: int = 900, draws: int = 10**6
) -> dict:
    """One output whose candidate has an AUC of .7 and is compared with one reference model."""
    model = {
        "auc": 0.7 - auc,
        "logloss": 0.5,
        "difference": {"auc": [auc, error, draws], "logloss": [0.01, 0.002, draws]},
    }
    return {
        "rows": rows,
        "positives": positives,
        "negatives": rows - positives,
        "candidate": {"auc": 0.7, "logloss": 0.51},
        "models": {"logistic_regression": model},
    }


def comparison(**outputs: dict) -> dict:
    return {"format": 2, "rows": {"rows": 33_170, "of": 33_170}, "outputs": outputs}


def cells(*outputs: str, rows: int = 33_170) -> list[Cell]:
    quality = Quality(0.7, 0.51, 1.0, 900, rows - 900, 900.0, rows - 900.0, 0)
    return [Cell(output, scenario, quality, None) for output in outputs for scenario in ("*", "a")]


def verdicts(found: dict, config: GateConfig = GateConfig()) -> dict[str, str]:  # noqa: B008
    judged = judge_references(config, found, cells(*found["outputs"]))
    return {x.output: x.verdict for x in judged}


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [(-0.0101, "worse"), (-0.0096, "undecided"), (0.0096, "undecided"), (0.0101, "better")],
)
def test_a_proof_is_an_interval_on_one_side_of_nothing(gain, verdict):
    # 1.96 standard errors are .0098.
    assert verdicts(comparison(click=compared(gain, 0.005))) == {"click": verdict}


def test_many_comparisons_need_more_evidence():
    # p = .0217 and .0014, one-sided: doubled only the second is below .025.
    many = comparison(click=compared(-0.0101, 0.005), buy=compared(-0.015, 0.005))
    assert verdicts(many) == {"click": "worse", "buy": "worse"}
    many = comparison(click=compared(-0.0101, 0.005), buy=compared(0.03, 0.005))
    assert verdicts(many) == {"click": "undecided", "buy": "better"}


def test_few_users_need_more_evidence():
    # Student's quantile of nine degrees of freedom is 2.262, where the normal one is 1.960.
    assert verdicts(comparison(click=compared(-0.0112, 0.005, draws=10))) == {"click": "undecided"}
    assert verdicts(comparison(click=compared(-0.0114, 0.005, draws=10))) == {"click": "worse"}


def test_too_few_rows_are_not_judged_and_make_the_others_no_harder():
    few = compared(-0.2, 0.005, rows=500, positives=29)
    found = comparison(click=compared(-0.0101, 0.005), buy=few)
    assert verdicts(found) == {"click": "worse", "buy": "undecided"}
    judged = judge_references(GateConfig(), found, cells("click", "buy"))
    assert judged[1].sentence == (
        "29 positives and 471 negatives were scored by both; 30 and 30 are needed"
    )
    lower = parse(GateConfig, {"overrides": {"buy/*": {"min_positives": 29}}})
    assert verdicts(found, lower)["buy"] == "worse"


def test_unknown_differences_are_undecided():
    broken = compared(-0.1, 0.005)
    broken["models"]["logistic_regression"]["difference"]["auc"] = [None, None, 0]
    (judged,) = judge_references(GateConfig(), comparison(click=broken), cells("click"))
    assert judged.verdict == "undecided"
    assert judged.sentence == "the AUCs on the 33,170 rows that both scored can't be compared"
    assert json.dumps(plain_json(judged.as_json()), allow_nan=False)


SENTENCE = (
    "AUC 0.7000 is 0.0200 below its 0.7200 (95 % interval of the gain -0.0298 to -0.0102) on the "
    "33,170 rows that both scored"
)


@pytest.mark.parametrize("mode", ["warn", "refuse"])
def test_a_worse_candidate_is_warned_of_or_refused(mode):
    found = comparison(click=compared(-0.02, 0.005), buy={"reason": "no row"})
    result = with_references(
        RESULT, GateConfig(beats_references=mode), found, cells("click", "buy")
    )
    reason = f"click/*: worse than logistic regression: {SENTENCE}."
    assert result["references"]["worse"] == [reason]
    assert result["blessed"] is (mode == "warn")
    assert result["reasons"] == ([] if mode == "warn" else [reason])
    click = result["references"]["outputs"]["click"]
    assert (click["rows"], click["of"]) == (33_170, 33_170)
    model = click["models"]["logistic_regression"]
    assert (model["verdict"], model["reason"]) == ("worse", SENTENCE)
    # Of log loss less is better, so that a gain is the other sign.
    assert model["gain"] == {"auc": -0.02, "logloss": -0.01}
    assert model["intervals"]["logloss"] == pytest.approx((-0.01392, -0.00608), abs=1e-5)
    assert result["references"]["outputs"]["buy"] == {"reason": "no row"}


def test_the_rest_of_a_thinned_split_is_named():
    result = with_references(
        RESULT, GateConfig(), comparison(click=compared(-0.02, 0.005)), cells("click", rows=99_510)
    )
    assert result["references"]["worse"][0].endswith("33,170 rows that both scored, of 99,510.")
    assert result["references"]["outputs"]["click"]["of"] == 99_510


@pytest.mark.parametrize("mode", ["off", "warn"])
def test_nothing_compared_says_why(mode):
    result = with_references(RESULT, GateConfig(beats_references=mode), None, cells("click"))
    assert result["blessed"] is True
    assert mode == "warn" or result["references"]["reason"] == "gate.beats_references is off"
    assert mode == "off" or "references.enabled is false" in result["references"]["reason"]


def test_yaml_reads_off_as_a_boolean_and_means_off():
    config = load_config(preset_path("synthetic"), ["gate.beats_references=off"])
    assert config.gate.beats_references == "off"
    with pytest.raises(SettingsError, match="gate.beats_references.*'off', 'warn' or 'refuse'"):
        load_config(preset_path("synthetic"), ["gate.beats_references=on"])


def test_refusing_without_simple_models_is_an_error_of_the_configuration():
    overrides = ["gate.beats_references=refuse", "references.enabled=false"]
    with pytest.raises(SettingsError, match="'refuse' and references.enabled is false"):
        load_config(preset_path("synthetic"), overrides)
    load_config(preset_path("synthetic"), ["references.enabled=false"])
