"""A label's validation rows, scenario by scenario: every number by hand."""

import math

import numpy as np
import pytest

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.training.scenario_groups import group_metrics, scenario_groups

NAMES = ("home", "search", "cart")


def split(
    scenario: list[int], target: list[int], weight: list[float] | None = None, output: str = "click"
) -> InMemorySplit:
    floats = np.array([target, weight or [1.0] * len(target)], np.float32).T
    names = (target_key(output), weight_key(output))
    return InMemorySplit((SCENARIO_KEY,), np.array([scenario], np.int32).T, names, floats)


def rows(*counts: tuple[int, int, int]) -> InMemorySplit:
    """For each (scenario, positives, negatives) that many rows, in this order."""
    scenario = [k for k, positives, negatives in counts for _ in range(positives + negatives)]
    target = [y for _, positives, negatives in counts for y in [1] * positives + [0] * negatives]
    return split(scenario, target)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Ten of each class are enough; what has fewer of either is pooled.
        (
            [(0, 10, 10), (1, 9, 500), (2, 300, 9)],
            [(("home",), 10, 10), (("search", "cart"), 309, 509)],
        ),
        (
            [(0, 10, 90), (1, 10, 11), (2, 40, 10)],
            [(("home",), 10, 90), (("search",), 10, 11), (("cart",), 40, 10)],
        ),
        # One alone is a group with itself, however few.
        ([(0, 20, 20), (1, 1, 3)], [(("home",), 20, 20), (("search", "cart"), 1, 3)]),
        # A pool of one class judges nothing.
        ([(0, 20, 20), (1, 0, 30), (2, 0, 1)], [(("home",), 20, 20)]),
        # None has enough: all are one group.
        ([(0, 3, 5), (1, 0, 8), (2, 1, 1)], [(("home", "search", "cart"), 4, 14)]),
        ([(0, 0, 50), (1, 0, 50)], []),
        ([(0, 7, 0)], []),
        ([], []),
    ],
    ids=["pooled", "all_own", "one_left", "one_class_left", "none", "negatives", "positives", "no"],
)
def test_groups(
    counts: list[tuple[int, int, int]], expected: list[tuple[tuple[str, ...], int, int]]
) -> None:
    found = scenario_groups(rows(*counts), ["click"], NAMES)
    assert [(group.scenarios, group.positives, group.negatives) for group in found] == expected


def test_rows_outside_the_space_or_unknown_are_in_no_group() -> None:
    held = split([0] * 24, [1] * 12 + [0] * 12, [1.0] * 10 + [0.0] * 4 + [2.0] * 10)
    (group,) = scenario_groups(held, ["click"], ["home"])
    assert (group.positives, group.negatives) == (10, 10)
    assert group.rows.tolist() == [*range(10), *range(14, 24)]


def test_a_log_without_scenarios_is_one_group() -> None:
    held = split([0] * 30, [1, 0] * 15)
    (group,) = scenario_groups(held, ["click"], ["*"])
    assert group.scenarios == ("*",) and len(group.rows) == 30


def test_metrics_by_hand() -> None:
    # Two positives of weight 1, one negative of weight 2: the base rate is one half.
    held = split([0, 0, 0, 0], [1, 1, 0, 1], [1.0, 1.0, 2.0, 0.0])
    scores = {"click": np.array([0.8, 0.3, 0.4, 0.1], np.float32)}
    found = group_metrics(held, scores, scenario_groups(held, ["click"], ["home"]))
    (group,) = found["click"]
    logloss = -(math.log(0.8) + math.log(0.3) + 2 * math.log(0.6)) / 4
    assert (group["scenarios"], group["positives"], group["negatives"]) == (["home"], 2, 1)
    assert group["logloss"] == pytest.approx(logloss, rel=1e-6)
    assert group["normalized_entropy"] == pytest.approx(logloss / math.log(2), rel=1e-6)
    assert group["auc"] == pytest.approx(0.5)
    assert group["weight"] == 1 / 10


def test_the_base_rates_score_has_an_entropy_of_one() -> None:
    held = rows((0, 20, 80), (1, 10, 10))
    scores = {"click": np.array([0.2] * 100 + [0.5] * 20, np.float32)}
    found = group_metrics(held, scores, scenario_groups(held, ["click"], NAMES))
    assert [group["normalized_entropy"] for group in found["click"]] == pytest.approx([1, 1])
    assert [group["weight"] for group in found["click"]] == [1, 1]
