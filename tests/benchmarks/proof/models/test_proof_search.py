"""The small search."""

import itertools

from benchmarks.proof.models.search import trainings
from benchmarks.proof.models.settings import COMPARED


def test_the_search_for_pooling_asks_every_model_the_same_on_all_tuning_worlds() -> None:
    for label, ones in trainings(["mmoe", "csii"], pooling=True).items():
        assert {one.model["name"] for one in ones} == {label}
        asked = {(one.model["deviation_l2"], one.seed) for one in ones}
        assert asked == set(itertools.product((1e-5, 1e-4, 1e-3), (901, 902)))
        assert len({one.label for one in ones}) == 3


def test_the_first_search_stays_on_one_world() -> None:
    tried = trainings(COMPARED)
    # Two dropouts for each of eleven, and pooling where there is something to pool.
    assert sum(len(ones) for ones in tried.values()) == 2 * 11 + 4
    assert {one.seed for ones in tried.values() for one in ones} == {901}
