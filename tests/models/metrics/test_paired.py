"""Paired differences: by brute force on a few rows, and how often their intervals hold."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from models.metrics.binary import weighted_auc
from models.metrics.gauc import grouped_auc
from models.metrics.paired import auc_difference, gauc_difference, log_loss_difference

TRIALS = 1000


def few_rows(seed: int, rows: int = 40) -> tuple[np.ndarray, ...]:
    """Targets, two models' scores with ties inside and between them, and weights."""
    random = np.random.default_rng(seed)
    target = (random.random(rows) < 0.4).astype(np.float64)
    candidate, baseline = np.round(random.normal(size=(2, rows)) + target, 1)
    return target, candidate, baseline, random.uniform(0.5, 3.0, rows)


def delong(target: np.ndarray, *models: np.ndarray) -> tuple[float, float]:
    """The paper's S10 / m + S01 / n of two models, by loops over the pairs."""
    above, below = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    psi = np.zeros((2, len(above), len(below)))
    for model, score in enumerate(models):
        for i, x in enumerate(score[above]):
            for j, y in enumerate(score[below]):
                psi[model, i, j] = 1.0 if x > y else 0.5 if x == y else 0.0
    s10, s01 = np.cov(psi.mean(2)), np.cov(psi.mean(1))
    covariance = s10 / len(above) + s01 / len(below)
    contrast = np.array([1.0, -1.0])
    return float(contrast @ psi.mean((1, 2))), math.sqrt(contrast @ covariance @ contrast)


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_delong(seed: int) -> None:
    target, candidate, baseline, _ = few_rows(seed)
    found = auc_difference(target, candidate, baseline, np.ones(len(target)))
    assert (found.value, found.error) == pytest.approx(delong(target, candidate, baseline))


def test_weights_weigh_the_pairs() -> None:
    target, candidate, baseline, weight = few_rows(7)
    found = auc_difference(target, candidate, baseline, weight)
    wanted = weighted_auc(target, candidate, weight) - weighted_auc(target, baseline, weight)
    assert found.value == pytest.approx(wanted)
    scaled = auc_difference(target, candidate, baseline, 10 * weight)
    assert (scaled.value, scaled.error) == pytest.approx((found.value, found.error))


def test_a_model_does_not_differ_from_itself_or_from_what_ranks_alike() -> None:
    target, candidate, _, weight = few_rows(3)
    for other in (candidate, 2 * candidate + 1):
        found = auc_difference(target, candidate, other, weight)
        assert (found.value, found.error) == pytest.approx((0.0, 0.0), abs=1e-15)


@pytest.mark.parametrize("target", [[0, 0, 0], [1, 1, 1], [1, 0, 0], [1, 1, 0], [1], []])
def test_too_few_of_a_class_is_unknown(target: list[int]) -> None:
    targets, scores = np.array(target, np.float64), np.arange(len(target)) / 10.0
    assert not auc_difference(targets, scores, -scores, np.ones(len(target))).known


def test_log_loss_is_the_mean_of_row_differences() -> None:
    random = np.random.default_rng(0)
    target = (random.random(50) < 0.3).astype(np.float64)
    candidate, baseline = random.uniform(0.1, 0.9, (2, 50))
    rows = np.where(
        target == 1, np.log(baseline / candidate), np.log((1 - baseline) / (1 - candidate))
    )
    found = log_loss_difference(target, candidate, baseline, np.ones(50))
    wanted = (rows.mean(), rows.std(ddof=1) / math.sqrt(50))
    assert (found.value, found.error) == pytest.approx(wanted)


def test_gauc_is_the_difference_of_gaucs() -> None:
    target, candidate, baseline, weight = few_rows(11, rows=200)
    user = np.random.default_rng(1).integers(0, 20, 200)
    found = gauc_difference(target, candidate, baseline, weight, user)
    wanted = (
        grouped_auc(target, candidate, weight, user).mean
        - grouped_auc(target, baseline, weight, user).mean
    )
    assert found.value == pytest.approx(wanted)
    assert found == gauc_difference(target, candidate, baseline, weight, user)
    assert not gauc_difference(target, candidate, baseline, weight, np.zeros(200, int)).known


def held(intervals: list[tuple[float, float]], truth: float) -> float:
    return float(np.mean([low <= truth <= high for low, high in intervals]))


def test_auc_intervals_hold_the_truth() -> None:
    """Two normal scores with a common part: their AUCs are Phi(shift / sqrt(2))."""
    random = np.random.default_rng(5)
    truth = NormalDist().cdf(1.0 / math.sqrt(2)) - NormalDist().cdf(0.8 / math.sqrt(2))
    found = []
    for _ in range(TRIALS):
        target = (random.random(400) < 0.2).astype(np.float64)
        common, *own = random.normal(size=(3, 400)) * [[0.8], [0.6], [0.6]]
        scores = [s * target + common + part for s, part in zip((1.0, 0.8), own, strict=True)]
        found.append(auc_difference(target, *scores, np.ones(400)).interval())
    assert 0.93 <= held(found, truth) <= 0.97


def test_log_loss_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(6)
    kinds = np.array([[0.1, 0.12, 0.2], [0.4, 0.35, 0.3], [0.7, 0.75, 0.65]])
    p, candidate, baseline = kinds.T
    gains = p * np.log(baseline / candidate) + (1 - p) * np.log((1 - baseline) / (1 - candidate))
    found = []
    for _ in range(TRIALS):
        kind = random.integers(0, 3, 500)
        target = (random.random(500) < p[kind]).astype(np.float64)
        both = (candidate[kind], baseline[kind])
        found.append(log_loss_difference(target, *both, np.ones(500)).interval())
    assert 0.93 <= held(found, float(gains.mean())) <= 0.97


def test_gauc_intervals_hold_the_truth_though_a_users_rows_depend() -> None:
    """A user is good or bad for the candidate as a whole: rows are no independent draws."""
    random = np.random.default_rng(8)

    def draw(users: int) -> tuple[np.ndarray, ...]:
        user = np.repeat(np.arange(users), 12)
        target = (random.random(len(user)) < 0.4).astype(np.float64)
        shift = random.choice([0.2, 1.4], users)[user]
        candidate = shift * target + random.normal(size=len(user))
        return target, candidate, 0.7 * target + random.normal(size=len(user)), user

    def truth() -> float:
        target, candidate, baseline, user = draw(100_000)
        ones = np.ones(len(user))
        both = [grouped_auc(target, scores, ones, user).mean for scores in (candidate, baseline)]
        return both[0] - both[1]

    wanted, ones, found = truth(), np.ones(150 * 12), []
    for _ in range(TRIALS):
        target, candidate, baseline, user = draw(150)
        found.append(gauc_difference(target, candidate, baseline, ones, user).interval())
    assert 0.93 <= held(found, wanted) <= 0.97
