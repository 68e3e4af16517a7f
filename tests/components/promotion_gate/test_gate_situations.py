"""What is new since the baseline: what is compared, and what a reader is told."""

import dataclasses

import numpy as np
import pytest
from exact_numbers import EXACT

from common.names import OVERALL
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.situations import Baseline, situations, without_new_scenarios
from components.promotion_gate.verdict import judge_all
from models.metrics.difference import Difference
from models.metrics.paired import paired_differences
from models.metrics.quality import Quality, quality

GOOD = Quality(0.7, 0.5, 1.0, 1000, 1000, 1000.0, 1000.0, 0, **EXACT)
FALLEN = {"auc": Difference(-0.2, 0.01)}
BASELINE = Baseline("17", scenarios=("home", "search"))


def test_a_new_scenario_is_compared_with_nothing() -> None:
    cells = [Cell("click", name, GOOD, GOOD, FALLEN) for name in (OVERALL, "home", "cart")]
    found = judge_all(without_new_scenarios(cells, BASELINE), GateConfig())
    assert [one.verdict for one in found] == ["fail", "fail", "pass"]
    assert "baseline" not in found[2].as_json()
    bad = Cell("click", "cart", dataclasses.replace(GOOD, auc=0.5), GOOD, FALLEN)
    (refused,) = judge_all(without_new_scenarios([bad], BASELINE), GateConfig())
    assert refused.reason == "AUC 0.5000 is below 0.55."


def test_a_renamed_scenario_is_a_new_and_a_vanished_one() -> None:
    assert situations(("home", "find"), BASELINE) == [
        "Scenario 'find' is new since version 17: it is compared with nothing.",
        "Scenario 'search' of version 17 is not in the schema any more: nothing is known of its "
        "rows.",
    ]
    assert situations(("home", "search"), BASELINE) == []


def test_no_baseline_and_one_of_unknown_scenarios() -> None:
    assert situations(("home",), Baseline(None, "no version has been pushed yet")) == [
        "There is no baseline, no version has been pushed yet: only the limits on values decide."
    ]
    known = Baseline("17")
    cells = [Cell("click", "cart", GOOD, GOOD, FALLEN)]
    assert without_new_scenarios(cells, known) == cells
    assert situations(("cart",), known) == []


@pytest.mark.parametrize(
    ("target", "candidate", "users", "wanted", "reason"),
    [
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4], [1, 1, 2, 2], "insufficient data", "0 positives"),
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], [1, 1, 2, 2], "insufficient data", "0 negatives"),
        ([1], [0.5], [1], "insufficient data", "1 positives and 0 negatives"),
        ([], [], [], "insufficient data", "0 positives and 0 negatives"),
        ([1, 1, 0, 0], [0.8, 0.9, 0.1, 0.2], [1, 1, 1, 1], "insufficient data", "GAUC can't be"),
        ([1, 1, 0, 0], [0.5, 0.5, 0.5, 0.5], [1, 2, 1, 2], "fail", "AUC 0.5000 is below 0.55"),
        ([1, 1, 0, 0], [0.5, np.nan, 0.1, 0.2], [1, 2, 1, 2], "fail", "1 scores are NaN"),
    ],
)
def test_no_verdict_is_an_accident(target, candidate, users, wanted, reason) -> None:
    """No positives, no negatives, one row, no row, one user, equal scores, a NaN score."""
    columns = [np.array(x, np.float32) for x in (target, candidate, [0.3] * len(target))]
    weight, user = np.ones(len(target), np.float32), np.array(users, np.int64)
    t, c, b = columns
    with np.errstate(all="raise"):
        cell = Cell(
            "click",
            "home",
            quality(t, c, weight, user),
            quality(t, b, weight, user),
            paired_differences(t, c, b, weight, user),
        )
    config = GateConfig(
        min_positives=1, min_negatives=1, calibration_between=None, gauc_drop_at_most=0.01
    )
    (found,) = judge_all([cell], config)
    assert (found.verdict, reason in found.reason) == (wanted, True), found.reason
