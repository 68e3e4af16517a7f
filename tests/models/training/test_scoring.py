"""Scores of held rows: one size of batch, and equal rows alike."""

import pathlib

import numpy as np
import pytest
from busy import busy_cores
from made_batches import randomise
from small_training import made_held_rows, made_loop

from models.features.inputs import target_key
from models.metrics.binary import weighted_auc
from models.ranker import Ranker
from models.training.scoring import make_scorer


@pytest.fixture
def ranker(tmp_path: pathlib.Path) -> Ranker:
    made, _ = made_loop(tmp_path / "run", {})
    randomise(made)
    return made


@pytest.mark.parametrize("batch_size", [7, 300, 1000])
def test_equal_rows_have_equal_scores_whatever_is_left_for_the_last_batch(
    ranker: Ranker, batch_size: int
) -> None:
    distinct = made_held_rows(60, 2)
    which = np.random.default_rng(0).integers(0, 60, 3_001)
    rows = distinct.at(which)
    found = make_scorer(ranker, rows, batch_size)(rows)
    wanted = make_scorer(ranker, distinct, 60)(distinct)
    for output, scores in found.items():
        assert scores.shape == (3_001,)
        first = scores[[np.flatnonzero(which == row)[0] for row in range(60)]]
        np.testing.assert_array_equal(scores, first[which])
        np.testing.assert_allclose(first, wanted[output], rtol=0, atol=1e-6)


def test_auc_agrees_across_sizes_of_batches(ranker: Ranker) -> None:
    rows = made_held_rows(300, 5).at(np.random.default_rng(1).integers(0, 300, 20_000))
    target, ones = rows.column(target_key("click")), np.ones(20_000)
    found = [
        weighted_auc(target, make_scorer(ranker, rows, size)(rows)["click"], ones)
        for size in (256, 1024, 8192)
    ]
    assert 0.3 < found[0] < 0.99
    assert np.ptp(found) <= 1e-5


def test_rows_of_other_splits_may_be_more_or_fewer(ranker: Ranker) -> None:
    rows = made_held_rows(700, 3)
    score = make_scorer(ranker, rows.at(np.arange(300)), 256)
    for count in (1, 300, 700):
        assert score(rows.at(np.arange(count)))["click"].shape == (count,)


def test_load_changes_no_score(ranker: Ranker) -> None:
    rows = made_held_rows(5_000, 4)
    score = make_scorer(ranker, rows, 1000)
    idle = score(rows)
    with busy_cores():
        busy = score(rows)
    for output, scores in idle.items():
        np.testing.assert_array_equal(busy[output], scores)
