"""What the zoo's table trains, and what it prints of it."""

import collections

import numpy as np

from benchmarks.proof.models.settings import COMPARED, SIZES, ZOO
from benchmarks.proof.trainings.soft_metrics import QUANTITIES
from benchmarks.proof.trainings.trials import Judged
from benchmarks.proof.zoo.tables import LABELS, REPEATED, WORLDS, page, wanted
from models.registry import names
from models.trials.result import TrialResult

SEEDS = (11, 12, 13)


def judged(one, regret):
    """A training of 600 rows in two seconds whose AUCs are .9 - regret everywhere."""
    name = one.model["name"]
    result = TrialResult(name, one.seed, "", 10, 7_000, 2.0, 600, 1, 0, 0.5, 1.5, {}, {})
    best = {quantity: np.full(7, 0.9) for quantity in QUANTITIES}
    aucs = {quantity: values - regret for quantity, values in best.items()}
    return Judged(one, result, aucs, best, 1.0)


def test_every_architecture_is_in_the_table_once_at_its_own_settings():
    assert {SIZES[label]["name"] for label in LABELS} == set(names())
    assert len({SIZES[label]["name"] for label in ZOO}) == len(ZOO)
    assert not set(ZOO) & set(COMPARED)


def test_worlds_first_seed_is_of_all_models_and_the_others_of_those_that_are_repeated():
    found = wanted(LABELS, SEEDS)
    counts = collections.Counter((one.world, one.seed) for one in found)
    for world in WORLDS:
        assert [counts[world, seed] for seed in SEEDS] == [len(LABELS), *[len(REPEATED)] * 2]
    assert {one.label for one in found if one.seed == 12} == set(REPEATED)
    # The first seed of every world comes before any second one.
    assert [one.seed for one in found] == sorted(one.seed for one in found)
    assert [one.label for one in wanted(["star", "mmoe"], (11, 12))] == [
        *["star", "mmoe"] * 3,
        *["mmoe"] * 3,
    ]


def test_a_page_compares_repeated_models_by_seed_and_shows_all_on_the_first():
    regrets = {"star": 0.1, "taml": 0.04, "mmoe": 0.05}
    found = [
        judged(one, regrets[one.label] + (0.001 * (one.seed - 11) if one.label == "taml" else 0))
        for one in wanted(list(regrets), SEEDS)
        if one.world == "default"
    ]
    text = page(found)
    assert "| star | 0.8000 | 0.8000 | 0.1000 | 0.1000 | 7,000 |" in text
    assert "| star | 300.0 | 1.5 | 7,000 |" in text
    # TAML's regret is .04, .041 and .042: .009 less than MMoE's in the mean.
    assert "-0.0090 ± 0.0025" in text
    assert "Seeds 11, 12, 13:" in text and "against mmoe, task" not in text
    assert text.count("No seed has all of its trainings yet.") == 2
