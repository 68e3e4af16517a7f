import dataclasses
import math

import pytest
from made_trials import result

from cli.compare.summary import MEAN, summarise_cells, summarise_models

BASELINE = [(0.60, 0.70), (0.62, 0.71), (0.61, 0.69)]


def trials(model, gains):
    return [
        result(model, seed, home + gain, cart)
        for seed, ((home, cart), gain) in enumerate(zip(BASELINE, gains, strict=True))
    ]


@pytest.fixture
def cells():
    results = [*trials("plain", [0, 0, 0]), *trials("deep", [0.010, 0.011, 0.012])]
    found = summarise_cells(results, "plain")
    return {(cell.model, *cell.cell): cell for cell in found}


def test_means_and_differences_of_a_cell(cells):
    found = cells["deep", "click", "home", "auc"]
    assert found.values == pytest.approx({0: 0.610, 1: 0.631, 2: 0.622})
    assert found.interval.mean == pytest.approx(0.621)
    assert found.difference.interval.mean == pytest.approx(0.011)
    # t = 0.011 / (0.001 / sqrt(3)), 2 degrees of freedom
    t = 11 * math.sqrt(3)
    assert found.difference.p == pytest.approx(1 - t / math.sqrt(t**2 + 2), abs=1e-9)


def test_holm_counts_the_cells_with_rows_enough(cells):
    # all, home and cart are tested; home's and all's p are equal, cart's is 1.
    home = cells["deep", "click", "home", "auc"]
    assert home.p_holm == pytest.approx(3 * home.difference.p)
    assert home.significant
    assert cells["deep", "click", "cart", "auc"].p_holm == 1.0


def test_the_baseline_has_no_difference_and_the_mean_is_one_question(cells):
    assert cells["plain", "click", "home", "auc"].difference is None
    mean = cells["deep", MEAN, "*", "auc"]
    assert mean.p_holm == mean.difference.p
    assert mean.values == cells["deep", "click", "*", "auc"].values


def test_standings_say_what_the_seeds_can_tell(cells):
    assert cells["deep", "click", "home", "auc"].standing == "best"
    assert cells["plain", "click", "home", "auc"].standing == "behind"
    assert cells["deep", "click", "home", "logloss"].standing == "best"
    equal = {cells[model, "click", "cart", "auc"].standing for model in ("plain", "deep")}
    assert equal == {"best", "tied"}


def test_cells_with_few_rows_are_neither_tested_nor_ranked(cells):
    for scenario in ("tiny", "none"):
        found = cells["deep", "click", scenario, "auc"]
        assert not found.tested and found.standing == "" and math.isnan(found.p_holm)


def test_gauc_needs_users():
    few = result("plain", 0, 0.6, 0.7)
    few.metrics["eval"]["click"]["home"]["users"] = 29
    found = {cell.cell: cell.tested for cell in summarise_cells([few], "plain")}
    assert found["click", "home", "auc"] and not found["click", "home", "gauc"]


def test_one_seed_ties_everything_and_tests_nothing():
    found = summarise_cells([result("a", 0, 0.6, 0.7), result("b", 0, 0.9, 0.7)], "a")
    home = {cell.model: cell for cell in found if cell.cell == ("click", "home", "auc")}
    assert (home["b"].standing, home["a"].standing) == ("best", "tied")
    assert not home["b"].significant and math.isnan(home["b"].interval.half)


def test_a_model_is_compared_on_the_seeds_that_both_have():
    results = [*trials("plain", [0, 0, 0])[:2], *trials("deep", [0.01, 0.02, 0.5])[1:]]
    found = {(x.model, *x.cell): x for x in summarise_cells(results, "plain")}
    difference = found["deep", "click", "home", "auc"].difference
    assert difference.interval.seeds == 1
    assert difference.interval.mean == pytest.approx(0.02)


def test_without_the_baseline_there_are_no_differences():
    found = summarise_cells(trials("deep", [0, 0, 0]), "plain")
    assert all(cell.difference is None for cell in found)


def test_seconds_of_a_training_that_was_stopped_are_left_out():
    first, second = result("a", 0, 0.6, 0.7), result("a", 1, 0.6, 0.7)
    (found,) = summarise_models([dataclasses.replace(first, seconds=None), second])
    assert found.seconds == 11.0 and found.seeds == (0, 1)
    (found,) = summarise_models([dataclasses.replace(first, seconds=None)])
    assert math.isnan(found.seconds)
