"""Slices of more rows than are kept, against the exact numbers of the same rows."""

import math

import numpy as np
import pytest

from common.tfx_compat import metric_types, tfma
from models.metrics.calibration import deciles
from models.metrics.condensed_rows import CondensedRows
from models.metrics.names import JUDGED, standard_error_key
from models.metrics.quality import METRICS
from models.metrics.score_histogram import ScoreHistogram
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import SliceNumbers, exact_numbers
from models.metrics.tfma.quality_metric import RankingQuality

ROWS = 60_000
ERRORS = [standard_error_key(metric) for metric in JUDGED]


def made_rows(count: int = ROWS) -> ScoredRows:
    """Two models, two outputs (the second on the clicked rows), 3,000 users."""
    random = np.random.default_rng(4)
    logit = random.normal(-1.5, 1, count)
    click = random.random(count) < 1 / (1 + np.exp(-logit))
    like = click & (random.random(count) < 0.4)
    weight = random.choice([0.5, 1.0, 2.0], count)
    scores = [logit + random.normal(0, noise, count) for noise in (0.3, 0.6)]
    values = np.stack(
        [
            np.stack([click, like], 1),
            np.stack([weight, weight * click], 1),
            *(1 / (1 + np.exp(-np.stack([s, s + 1], 1))) for s in scores),
        ],
        axis=1,
    )
    return ScoredRows(values.astype(np.float32), random.integers(0, 3_000, count))


def condensed(rows: ScoredRows, kept: int, parts: int = 5) -> SliceNumbers:
    """The numbers by merging two that have seen half of the parts each."""
    halves = [CondensedRows(rows.models, rows.outputs, kept) for _ in range(2)]
    for part in range(parts):
        halves[part % 2].add(rows.at(np.arange(len(rows.users)) % parts == part))
    halves[0].merge(halves[1])
    return halves[0].numbers()


@pytest.fixture(scope="module")
def both() -> tuple[SliceNumbers, SliceNumbers]:
    rows = made_rows()
    return exact_numbers(rows), condensed(rows, kept=ROWS // 2)


def test_what_is_summed_is_exact(both: tuple[SliceNumbers, SliceNumbers]) -> None:
    estimated = ("auc", "auc_error", "gauc", "ranked_users", "draws", *ERRORS)
    summed = [name for name in METRICS if name not in estimated]
    for of_exact, of_condensed in zip(both[0].qualities, both[1].qualities, strict=True):
        for one, other in zip(of_exact, of_condensed, strict=True):
            for name in summed:
                assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-9), name
    for one, other in zip(both[0].differences, both[1].differences, strict=True):
        assert other["logloss"].value == pytest.approx(one["logloss"].value, rel=1e-9)
        assert other["logloss"].error == pytest.approx(one["logloss"].error, rel=0.04)


def test_auc_is_off_by_no_more_than_it_says(both: tuple[SliceNumbers, SliceNumbers]) -> None:
    for of_exact, of_condensed in zip(both[0].qualities, both[1].qualities, strict=True):
        for one, other in zip(of_exact, of_condensed, strict=True):
            assert one.auc_error == 0
            assert 0 < other.auc_error < 1e-3
            assert abs(other.auc - one.auc) <= other.auc_error
            assert np.allclose(other.deciles, one.deciles, atol=2e-3)


def test_errors_come_from_a_part_of_the_users(both: tuple[SliceNumbers, SliceNumbers]) -> None:
    for o, (one, other) in enumerate(zip(*(n.differences for n in both), strict=True)):
        assert other["auc"].value == pytest.approx(one["auc"].value, abs=2e-4)
        assert other["auc"].error == pytest.approx(one["auc"].error, rel=0.1)
        # A part of the users: their GAUC lies about the whole's, with a larger error.
        assert 0.2 < both[1].qualities[0][o].ranked_users / both[0].qualities[0][o].ranked_users < 1
        assert one["gauc"].error < other["gauc"].error < 3 * one["gauc"].error
        assert abs(other["gauc"].value - one["gauc"].value) < 4 * other["gauc"].error


def test_errors_of_values_are_near_those_of_all_users(
    both: tuple[SliceNumbers, SliceNumbers],
) -> None:
    for of_exact, of_condensed in zip(both[0].qualities, both[1].qualities, strict=True):
        for one, other in zip(of_exact, of_condensed, strict=True):
            for name in ERRORS:
                rel = 0.1 if name.startswith("auc") else 0.04
                assert getattr(other, name) == pytest.approx(getattr(one, name), rel=rel), name


def test_a_user_whom_the_sample_leaves_out_still_counts_in_the_errors_of_sums() -> None:
    """Half of the rows are one user's, who always clicks: the rest are no large sample then."""
    rows = made_rows(20_000)
    rows.values[:10_000, 0] = 1
    others = exact_numbers(rows).qualities[0][0]
    rows.users[:10_000] = 7_777
    exact = exact_numbers(rows).qualities[0][0]
    found = CondensedRows(rows.models, rows.outputs, 10_000)
    found.add(rows)
    assert 7_777 not in found._sample.rows.users
    of_condensed = found.numbers().qualities[0][0]
    for name in ("logloss_standard_error", "calibration_standard_error"):
        assert getattr(exact, name) > 20 * getattr(others, name)
        assert getattr(of_condensed, name) == pytest.approx(getattr(exact, name), rel=0.02)


def test_halves_of_other_sizes_keep_whole_users_only() -> None:
    rows = made_rows()
    small, large = rows.at(np.arange(ROWS) < ROWS // 4), rows.at(np.arange(ROWS) >= ROWS // 4)
    few, many = (CondensedRows(rows.models, rows.outputs, 20_000) for _ in range(2))
    few.add(small)
    many.add(large)
    few.merge(many)
    of_user = np.bincount(rows.users)
    users, counts = np.unique(few._sample.rows.users, return_counts=True)
    assert 10_000 < counts.sum() <= 20_000
    assert (counts == of_user[users]).all()


def test_a_user_with_very_many_rows_does_not_crowd_out_the_others() -> None:
    rows = made_rows(20_000)
    rows.users[:12_000] = 7
    found = CondensedRows(rows.models, rows.outputs, 10_000)
    found.add(rows)
    kept = found._sample.rows.users
    assert 7 not in kept and len(kept) == (rows.users != 7).sum()


@pytest.mark.parametrize(("count", "known"), [(5, True), (1, False)])
def test_models_that_differ_alike_everywhere_and_a_single_row(count: int, known: bool) -> None:
    row = np.array([[[0.0], [1.0], [0.3], [0.7]]], np.float32)
    found = CondensedRows(2, 1, 100)
    found.add(ScoredRows(np.repeat(row, count, axis=0), np.arange(count)))
    difference = found.numbers().differences[0]["logloss"]
    assert difference.known == known
    if known:
        assert difference.value == pytest.approx(np.log(0.3 / 0.7), rel=1e-6)
        assert difference.error == pytest.approx(0, abs=1e-7)


def test_with_room_for_all_users_gauc_is_exact() -> None:
    rows = made_rows(5_000)
    exact, found = exact_numbers(rows), condensed(rows, kept=5_000)
    assert found.qualities[0][0].gauc == pytest.approx(exact.qualities[0][0].gauc, abs=1e-12)
    assert found.differences[0]["auc"].error == pytest.approx(exact.differences[0]["auc"].error)
    assert found.qualities[0][1].draws == pytest.approx(exact.qualities[0][1].draws)
    for metric, difference in found.differences[1].items():
        assert difference.draws == pytest.approx(exact.differences[1][metric].draws)


def test_a_score_that_is_not_finite_leaves_no_number() -> None:
    rows = made_rows(1_000)
    rows.values[3, 2, 0] = np.nan
    numbers = condensed(rows, kept=1_000)
    first, second = numbers.qualities[0]
    assert (first.nonfinite_scores, second.nonfinite_scores) == (1, 0)
    assert math.isnan(first.auc) and not math.isnan(second.auc)
    assert not numbers.differences[0]["auc"].known
    assert numbers.differences[1]["auc"].known


def test_the_metric_condenses_a_slice_that_has_grown_too_large(
    both: tuple[SliceNumbers, SliceNumbers],
) -> None:
    rows = made_rows()
    eval_config = tfma.EvalConfig(model_specs=[tfma.ModelSpec(name=name) for name in "cb"])
    (computation,) = RankingQuality("user", exact_rows=ROWS // 2).computations(
        eval_config=eval_config, model_names=["c", "b"], output_names=["click", "like"]
    )
    combiner = computation.combiner
    halves = [combiner.create_accumulator() for _ in range(2)]
    for number, row in enumerate(zip(rows.values.reshape(ROWS, -1), rows.users, strict=True)):
        combiner.add_input(halves[number % 2], row)
    found = combiner.extract_output(combiner.merge_accumulators(halves))
    assert set(found) == set(computation.keys)
    key = metric_types.MetricKey
    for output, exact in zip(("click", "like"), both[0].qualities[0], strict=True):
        values = {of.name: value for of, value in found.items() if of.output_name == output}
        assert found[key("auc", "c", output)] != exact.auc
        assert found[key("auc", "c", output)] == pytest.approx(exact.auc, abs=1e-3)
        assert found[key("logloss", "c", output)] == pytest.approx(exact.logloss, rel=1e-9)
        assert values["auc_difference_error"] > 0


def test_a_histogram_by_hand() -> None:
    found = ScoreHistogram()
    # Two scores of one bin, one below, and those that have no finite logit.
    found.add(np.array([1.0, 0, 0, 1]), np.array([0.5, 0.5, 0.25, 1.0]), np.array([2.0, 1, 3, 1]))
    # Pairs of weight 3 x 4; the first positive ties with a weight of 1.
    assert found.auc() == (pytest.approx((2 * (3 + 0.5) + 4) / 12), pytest.approx(2 * 1 / 24))
    assert ScoreHistogram().auc() == (pytest.approx(math.nan, nan_ok=True),) * 2


def test_deciles_by_hand() -> None:
    score = np.arange(20) / 20
    target = (np.arange(20) % 4 == 3).astype(float)
    found = deciles(target[::-1], score[::-1], np.ones(20))
    assert found[0] == pytest.approx((0.025, 0.0))
    assert found[1] == pytest.approx((0.125, 0.5))
    assert [happened for _, happened in found] == [0, 0.5] * 5


def test_equal_scores_stay_together() -> None:
    found = deciles(np.array([1.0, 0, 0, 1]), np.full(4, 0.3), np.ones(4))
    assert found[5] == pytest.approx((0.3, 0.5))
    assert np.isnan([pair for i, pair in enumerate(found) if i != 5]).all()
