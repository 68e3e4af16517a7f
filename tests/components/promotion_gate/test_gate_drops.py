"""Verdicts on evidence: what is proved, refuted and open, and how often that is right."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from exact_numbers import EXACT

from common.names import OVERALL
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig
from components.promotion_gate.verdict import CellVerdict, judge_all
from models.metrics.difference import Difference
from models.metrics.paired import auc_difference
from models.metrics.quality import Quality, quality

GOOD = Quality(0.7, 0.5, 1.0, 100, 100, 100.0, 100.0, 0, **EXACT)
LIMITED = GateConfig(auc_drop_at_most=0.005)
NOTHING = Difference(0.0, 0.001)


def cell(auc: Difference, scenario: str = "home", logloss: Difference = NOTHING) -> Cell:
    return Cell("click", scenario, GOOD, GOOD, {"auc": auc, "gauc": NOTHING, "logloss": logloss})


def verdicts(cells: list[Cell], config: GateConfig = LIMITED) -> list[str]:
    return [found.verdict for found in judge_all(cells, config)]


@pytest.mark.parametrize(
    ("value", "error", "wanted"),
    [
        (-0.020, 0.002, "fail"),
        (-0.001, 0.001, "pass"),
        (-0.004, 0.004, "insufficient data"),
        (-0.009, 0.003, "insufficient data"),
        (0.010, 0.003, "pass"),
        (0.010, 0.010, "insufficient data"),
        (math.nan, math.nan, "insufficient data"),
        (0.0, 0.0, "pass"),
        (-0.006, 0.0, "fail"),
    ],
)
def test_a_cell_by_its_interval(value: float, error: float, wanted: str) -> None:
    (found,) = judge_all([cell(Difference(value, error))], LIMITED)
    assert found.verdict == wanted
    assert found.refuses == (wanted == "fail")


def test_what_is_open_refuses_over_all_rows_only() -> None:
    unsure = Difference(-0.004, 0.004)
    found = judge_all([cell(unsure, OVERALL), cell(unsure)], LIMITED)
    assert [one.refuses for one in found] == [True, False]
    assert found[0].reason == (
        "AUC is 0.0040 worse than the baseline's (95 % interval of the gain -0.0118 to +0.0038; "
        "a drop of 0.005 is allowed): more rows are needed. Take more eval spans, or leave "
        "'click' out of gate.must_have_data where that can't be helped."
    )


def test_one_of_many_must_be_surer() -> None:
    # 2.5 standard errors beyond the limit: p = .006 by itself.
    dropped = cell(Difference(-0.010, 0.002))
    assert verdicts([dropped]) == ["fail"]
    others = [cell(Difference(0.0, 0.001), f"s{n}") for n in range(9)]
    assert verdicts([dropped, *others])[0] == "insufficient data"


def test_a_larger_log_loss_is_a_drop() -> None:
    config = GateConfig(logloss_rise_at_most=0.001)
    assert verdicts([cell(NOTHING, logloss=Difference(0.01, 0.001))], config) == ["fail"]
    assert verdicts([cell(NOTHING, logloss=Difference(-0.01, 0.001))], config) == ["pass"]


def test_without_baseline_limit_or_rows_nothing_is_compared() -> None:
    bad = Difference(-0.2, 0.001)
    alone = Cell("click", "home", GOOD, None)
    assert verdicts([alone]) == ["pass"]
    assert verdicts([cell(bad)], GateConfig(auc_drop_at_most=None)) == ["pass"]
    config = GateConfig(auc_drop_at_most=0.005, min_positives=101)
    assert verdicts([cell(bad)], config) == ["insufficient data"]


def test_an_override_has_its_own_limit() -> None:
    config = GateConfig.model_validate(
        {"auc_drop_at_most": 0.005, "overrides": {"click/home": {"auc_drop_at_most": 0.05}}}
    )
    bad = Difference(-0.02, 0.002)
    assert verdicts([cell(bad), cell(bad, "search")], config) == ["pass", "fail"]


SHIFT = 0.954  # AUC .75 of two normal scores.
POSITIVES = {"large": 2000, "a": 1500, "b": 800, "c": 300, "tiny": 20}
AGREEMENT = 0.97  # Correlation of two seeds' scores.


def simulated_gate(seed: int, dropped: float) -> list[CellVerdict]:
    """A gate over five scenarios; `dropped` is the AUC that the candidate lost in the largest."""
    random = np.random.default_rng(seed)
    weaker = math.sqrt(2) * _quantile(0.75 - dropped)
    parts: dict[str, list[np.ndarray]] = {}
    for scenario, positives in POSITIVES.items():
        target = np.repeat([1.0, 0.0], [positives, 9 * positives])
        common, *own = random.normal(size=(3, len(target)))
        noise = [math.sqrt(AGREEMENT) * common + math.sqrt(1 - AGREEMENT) * part for part in own]
        shifts = (weaker if scenario == "large" else SHIFT, SHIFT)
        logits = [s * target + z for s, z in zip(shifts, noise, strict=True)]
        # The posterior of two normals that are a shift apart, one in ten positive.
        scores = [1 / (1 + np.exp(-SHIFT * (x - SHIFT / 2) - math.log(1 / 9))) for x in logits]
        parts[scenario] = [target, *scores, np.ones(len(target))]
    parts[OVERALL] = [np.concatenate(columns) for columns in zip(*parts.values(), strict=True)]
    cells = [
        Cell(
            "click",
            name,
            quality(t, c, w),
            GOOD,
            {"auc": auc_difference(t, c, b, w)},
        )
        for name, (t, c, b, w) in parts.items()
    ]
    # Over all rows the gate must be able to tell, so that its limit can't be as narrow.
    overrides = {"click/*": {"auc_drop_at_most": 0.004}}
    limits = GateConfig.model_validate({"auc_drop_at_most": 0.003, "overrides": overrides})
    return judge_all(cells, limits)


def _quantile(auc: float) -> float:
    return NormalDist().inv_cdf(auc)


def test_a_candidate_as_good_as_the_baseline_is_hardly_ever_refused() -> None:
    gates = [simulated_gate(seed, dropped=0.0) for seed in range(100)]
    assert sum(any(found.refuses for found in gate) for gate in gates) <= 5


def test_a_drop_of_a_hundredth_is_found_with_two_thousand_positives() -> None:
    found = [simulated_gate(seed, dropped=0.01)[0] for seed in range(100)]
    assert {one.name for one in found} == {"click/large"}
    assert sum(one.verdict == "fail" for one in found) >= 95
