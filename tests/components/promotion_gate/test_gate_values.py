"""Limits on values decide on evidence: exact intervals, verdicts, warnings and their JSON."""

import dataclasses
import json
import math

import numpy as np
import pytest
import scipy.stats

from common.names import OVERALL
from common.settings import SettingsError, parse
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.verdict import CellVerdict, judge_all, summary
from models.metrics.quality import Quality, quality

NAN = math.nan
ONLY_CALIBRATION = GateConfig(auc_at_least=None)
# Of 33 positives the relative error of a calibration is 1 / sqrt(33).
SMALL = Quality(
    0.9, 0.1, 0.585, 33, 3000, 33.0, 3000.0, 0,
    auc_standard_error=0.02, logloss_standard_error=0.01,
    calibration_standard_error=0.585 / math.sqrt(33),
)  # fmt: skip
LARGE = dataclasses.replace(
    SMALL, calibration=0.3, positives=3000, negatives=9000,
    calibration_standard_error=0.3 / math.sqrt(3000), auc_standard_error=0.004,
)  # fmt: skip
SAFE = dataclasses.replace(LARGE, calibration=1.0, calibration_standard_error=0.02)


def verdict(
    found: Quality, config: GateConfig = ONLY_CALIBRATION, scenario: str = "home"
) -> CellVerdict:
    """The verdict of a cell that is the only one."""
    (judged,) = judge_all([Cell("click", scenario, found, None)], config)
    return judged


def test_a_low_calibration_on_few_positives_is_undecided() -> None:
    found = verdict(SMALL)
    # exp(2.0369 / sqrt(33)) = 1.4256, with Student's quantile of 32 degrees of freedom.
    assert (found.verdict, found.refuses, found.warning) == ("insufficient data", False, None)
    assert found.reason == (
        "calibration 0.585 (95 % interval 0.410 to 0.834) may or may not be within 0.7 to 1.4: "
        "more rows are needed."
    )


def test_the_same_over_all_rows_warns_or_refuses() -> None:
    sentence = (
        "calibration 0.585 (95 % interval 0.410 to 0.834) may or may not be within 0.7 to 1.4: "
        "more rows are needed."
    )
    warned = verdict(SMALL, scenario=OVERALL)
    assert (warned.verdict, warned.refuses) == ("insufficient data", False)
    assert warned.warning == warned.reason == sentence
    found = summary([warned])
    assert (found["blessed"], found["reasons"]) == (True, [])
    assert found["warnings"] == [f"click/*: {sentence}"]

    strict = GateConfig(auc_at_least=None, undecided_value="refuse")
    refused = verdict(SMALL, strict, OVERALL)
    assert (refused.verdict, refused.refuses, refused.warning) == ("insufficient data", True, None)
    assert refused.reason == (
        f"{sentence} Take more eval spans, or set gate.undecided_value: warn where that can't be "
        "helped."
    )
    assert summary([refused])["blessed"] is False
    assert not verdict(SMALL, strict).refuses
    exempt = strict.model_copy(update={"must_have_data": ("buy",)})
    found = verdict(SMALL, exempt, OVERALL)
    assert (found.refuses, found.warning) == (False, sentence)


def test_a_low_calibration_on_many_positives_fails() -> None:
    # exp(1.9608 / sqrt(3000)) = 1.0364.
    for scenario in ("home", OVERALL):
        found = verdict(LARGE, scenario=scenario)
        assert (found.verdict, found.refuses) == ("fail", True)
        assert found.reason == (
            "calibration 0.300 (95 % interval 0.289 to 0.311) is outside 0.7 to 1.4."
        )


@pytest.mark.parametrize(
    ("calibration", "wanted"),
    [
        # The interval is from 1 / 1.4 of it to 1.4 times.
        (0.49, "fail"),
        (0.51, "insufficient data"),
        (0.97, "insufficient data"),
        (0.99, "pass"),
        (1.01, "insufficient data"),
        (1.94, "insufficient data"),
        (1.98, "fail"),
    ],
)
def test_a_value_passes_and_fails_by_the_ends_of_its_interval(calibration, wanted):
    quantile = scipy.stats.t.ppf(0.975, 99)
    found = dataclasses.replace(
        SMALL,
        positives=100,
        calibration=calibration,
        calibration_standard_error=calibration * math.log(1.4) / quantile,
    )
    assert verdict(found).verdict == wanted


def test_the_interval_of_an_auc_is_symmetric_on_the_logit() -> None:
    found = dataclasses.replace(SAFE, auc=0.6, auc_standard_error=0.012)
    half = scipy.stats.t.ppf(0.975, 2999) * 0.012 / (0.6 * 0.4)
    ends = [1 / (1 + math.exp(-(math.log(1.5) + sign * half))) for sign in (-1, 1)]
    limits = GateConfig(calibration_between=None)
    judged = verdict(found, limits.model_copy(update={"auc_at_least": 0.577}))
    assert judged.reason == (
        f"AUC 0.6000 (95 % interval {ends[0]:.4f} to {ends[1]:.4f}) may or may not be at least "
        "0.577: more rows are needed."
    )
    assert judged.as_json()["value_intervals"]["auc"] == pytest.approx(ends)
    for limit, wanted in ((0.576, "pass"), (0.623, "insufficient data")):
        assert verdict(found, limits.model_copy(update={"auc_at_least": limit})).verdict == wanted
    broken = verdict(found, limits.model_copy(update={"auc_at_least": 0.6237}))
    assert (broken.verdict, broken.reason) == (
        "fail",
        f"AUC 0.6000 (95 % interval {ends[0]:.4f} to {ends[1]:.4f}) is below 0.6237.",
    )


def test_one_of_many_must_be_surer_and_the_reason_says_so() -> None:
    # 2.5 standard errors below .7 on the logarithm: p = .0063 by itself.
    low = dataclasses.replace(
        LARGE, calibration=0.7 * math.exp(-0.25), calibration_standard_error=0.07 * math.exp(-0.25)
    )
    assert verdict(low).verdict == "fail"
    cells = [Cell("click", f"s{n}", SAFE if n else low, None) for n in range(10)]
    judged = judge_all(cells, ONLY_CALIBRATION)
    assert [one.verdict for one in judged] == ["insufficient data", *["pass"] * 9]
    p = 10 * scipy.stats.t.cdf(-2.5, 2999)
    assert judged[0].as_json()["limits"]["calibration"]["adjusted_p"] == pytest.approx(p)
    assert judged[0].reason == (
        "calibration 0.545 (95 % interval 0.448 to 0.663) is outside 0.7 to 1.4, but only with p "
        "0.062 when adjusted for 10 values: more rows are needed."
    )
    # Three and a half remain proved, and the others do not suffer for it.
    lower = dataclasses.replace(low, calibration=0.7 * math.exp(-0.35))
    lower = dataclasses.replace(lower, calibration_standard_error=0.1 * lower.calibration)
    cells[0] = Cell("click", "s0", lower, None)
    assert [one.verdict for one in judge_all(cells, ONLY_CALIBRATION)] == ["fail", *["pass"] * 9]


def test_cells_that_are_not_judged_by_intervals_count_in_no_adjustment() -> None:
    few = dataclasses.replace(SMALL, positives=29)
    broken = dataclasses.replace(LARGE, nonfinite_scores=1, auc=NAN, logloss=NAN, calibration=NAN)
    judged = judge_all(
        [Cell("click", str(n), x, None) for n, x in enumerate((LARGE, few, broken))],
        ONLY_CALIBRATION,
    )
    assert [one.verdict for one in judged] == ["fail", "insufficient data", "fail"]
    assert [len(one.values) for one in judged] == [1, 0, 0]
    assert judged[0].values[0].tests == 1
    assert judged[1].reason == "29 positives and 3000 negatives; 30 and 30 are needed."


def test_an_override_has_its_own_limits() -> None:
    config = parse(
        GateConfig,
        {"auc_at_least": None, "overrides": {"click/home": {"calibration_between": [0.4, 1.4]}}},
    )
    cells = [Cell("click", name, SMALL, None) for name in ("home", "search")]
    assert [one.verdict for one in judge_all(cells, config)] == ["pass", "insufficient data"]


def test_a_value_without_an_error_decides_and_one_of_unknown_error_does_not() -> None:
    exact = dataclasses.replace(SMALL, calibration_standard_error=0.0)
    assert verdict(exact).verdict == "fail"
    assert verdict(exact).reason == "calibration 0.585 is outside 0.7 to 1.4."
    at_limit = dataclasses.replace(exact, calibration=0.7)
    assert verdict(at_limit).verdict == "pass"
    unknown = dataclasses.replace(SMALL, calibration_standard_error=NAN)
    found = verdict(unknown, scenario=OVERALL)
    assert (found.verdict, found.refuses) == ("insufficient data", False)
    assert found.warning == (
        "calibration 0.585 has no standard error and may or may not be within 0.7 to 1.4: "
        "more rows are needed."
    )
    assert found.as_json()["limits"]["calibration"] == {
        "at_least": 0.7,
        "at_most": 1.4,
        "adjusted_p": None,
        "decision": "undecided",
    }


def test_separated_scores_are_as_sure_as_their_rows() -> None:
    """Five positives above all negatives may have an AUC of .478; forty at least .912."""
    for positives, lower, wanted in ((5, 0.4782, "insufficient data"), (40, 0.9119, "pass")):
        target = np.repeat([1.0, 0.0], [positives, 200])
        found = quality(target, 0.1 + 0.8 * target, np.ones(len(target)))
        assert (found.auc, found.auc_standard_error) == (1.0, 0.0)
        config = GateConfig(min_positives=1, calibration_between=None)
        judged = verdict(found, config)
        assert judged.verdict == wanted
        assert judged.as_json()["value_intervals"]["auc"] == pytest.approx([lower, 1.0], abs=1e-4)
    reversed_scores = quality(target, 0.9 - 0.8 * target, np.ones(len(target)))
    assert verdict(reversed_scores, config).verdict == "fail"


def test_a_log_loss_has_an_upper_limit_only() -> None:
    found = dataclasses.replace(SAFE, logloss=0.4, logloss_standard_error=0.01)
    config = GateConfig(auc_at_least=None, calibration_between=None, logloss_at_most=0.41)
    assert verdict(found, config).reason.startswith("log loss 0.4000 (95 % interval 0.3809 to 0.42")
    assert verdict(found, config).verdict == "insufficient data"
    for limit, wanted in ((0.43, "pass"), (0.37, "fail")):
        loose = config.model_copy(update={"logloss_at_most": limit})
        assert verdict(found, loose).verdict == wanted


def test_the_document_has_intervals_limits_and_decisions() -> None:
    cells = [Cell("click", OVERALL, SMALL, None), Cell("click", "home", LARGE, None)]
    document = summary(judge_all(cells, ONLY_CALIBRATION))
    json.dumps(document, allow_nan=False)
    assert document["counts"] == {"pass": 0, "fail": 1, "insufficient data": 1}
    overall, home = document["cells"]
    assert overall["warning"] == overall["reason"]
    assert (home["warning"], home["refuses"]) == (None, True)
    assert overall["value_intervals"]["calibration"] == pytest.approx([0.4104, 0.8340], abs=1e-4)
    assert overall["limits"]["calibration"]["decision"] == "undecided"
    assert home["limits"]["calibration"]["decision"] == "broken"
    assert set(overall["limits"]) == {"calibration"}
    limits = verdict(SMALL, GateConfig(calibration_between=None)).as_json()["limits"]
    assert limits["auc"] == {
        "at_least": 0.55,
        "at_most": None,
        "adjusted_p": pytest.approx(1.0),
        "decision": "kept",
    }


def test_an_unknown_word_for_undecided_values_is_refused() -> None:
    with pytest.raises(SettingsError, match="'undecided_value' is 'fail'"):
        parse(GateConfig, {"undecided_value": "fail"})


def scenario_gate(seed: int, users: int = 300) -> list[CellVerdict]:
    """Ten scenarios of a perfectly calibrated model, whose users differ in how much they click."""
    random = np.random.default_rng(seed)
    cells = []
    for n in range(10):
        user = np.repeat(np.arange(users), 5)
        score = 1 / (1 + np.exp(-random.normal(-2.5, 1.0, users)))[user]
        target = (random.random(len(user)) < score).astype(float)
        found = quality(target, score, np.ones(len(user)), user)
        cells.append(Cell("click", f"s{n}", found, None))
    return judge_all(cells, GateConfig(auc_at_least=0.6, calibration_between=(0.9, 1.1)))


def test_a_calibrated_model_is_hardly_ever_refused_though_its_cells_are_small() -> None:
    gates = [scenario_gate(seed) for seed in range(100)]
    points = [
        any(not 0.9 <= one.cell.candidate.calibration <= 1.1 for one in gate) for gate in gates
    ]
    # By the values alone nearly every day would be refused.
    assert sum(points) > 75
    assert sum(any(one.refuses for one in gate) for gate in gates) <= 5
