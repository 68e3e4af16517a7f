"""Standard errors of values, and the intervals made of them."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.stats

from models.metrics.gauc import NO_USER
from models.metrics.names import JUDGED
from models.metrics.quality import Quality, quality
from models.metrics.value_intervals import p_above, p_below, value_interval

FOUND = Quality(
    0.7,
    0.5,
    1.1,
    31,
    900,
    31.0,
    900.0,
    0,
    auc_standard_error=0.05,
    logloss_standard_error=0.04,
    calibration_standard_error=0.2,
)
T = scipy.stats.t(30).ppf(0.975)


def users_of_rows(rows: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(0)
    user = random.integers(0, 12, rows)
    target = (random.random(rows) < 0.3).astype(np.float64)
    return target, random.uniform(0.1, 0.8, rows), random.uniform(0.5, 2, rows), user


def test_errors_of_log_loss_and_calibration_are_sums_over_users() -> None:
    target, score, weight, user = users_of_rows(80)
    found = quality(target, score, weight, user)
    loss = -np.where(target == 1, np.log(score), np.log(1 - score))
    squares = np.zeros(2)
    for u in range(12):
        mine = user == u
        squares[0] += (weight[mine] * (loss[mine] - found.logloss)).sum() ** 2
        rest = score[mine] - found.calibration * target[mine]
        squares[1] += (weight[mine] * rest).sum() ** 2
    wanted = np.sqrt(squares * 12 / 11) / [weight.sum(), weight @ target]
    errors = [found.logloss_standard_error, found.calibration_standard_error]
    assert errors == pytest.approx(wanted, rel=1e-12)


def test_without_users_rows_are_independent() -> None:
    target, score, _, _ = users_of_rows(80)
    ones = np.ones(80)
    found = quality(target, score, ones)
    loss = -np.where(target == 1, np.log(score), np.log(1 - score))
    assert found.logloss_standard_error == pytest.approx(loss.std(ddof=1) / math.sqrt(80))
    guests = quality(target, score, ones, np.full(80, NO_USER))
    for metric in JUDGED:
        assert value_interval(guests, metric) == value_interval(found, metric)


def test_intervals_are_even_on_the_logit_and_the_logarithm() -> None:
    logit = math.log(0.7 / 0.3)
    for end, sign in zip(value_interval(FOUND, "auc"), (-1, 1), strict=True):
        assert math.log(end / (1 - end)) == pytest.approx(logit + sign * T * 0.05 / 0.21)
    for metric, value, error in (("logloss", 0.5, 0.04), ("calibration", 1.1, 0.2)):
        for end, sign in zip(value_interval(FOUND, metric), (-1, 1), strict=True):
            assert math.log(end) == pytest.approx(math.log(value) + sign * T * error / value)


def test_quantiles_count_users_and_not_their_rows() -> None:
    target, score = np.tile([1.0, 0.0, 0.0], 40), np.linspace(0.1, 0.9, 120)
    user = np.arange(120) // 3 % 8
    # Three more users have no positive.
    user[2::30] = [8, 9, 10, 8]
    found = quality(target, score, np.ones(120), user)
    assert (found.positives, found.draws) == (40, 8)
    half = scipy.stats.t(7).ppf(0.975) * found.calibration_standard_error / found.calibration
    assert value_interval(found, "calibration")[1] == pytest.approx(
        found.calibration * math.exp(half)
    )
    assert quality(target, score, np.ones(120)).draws == 40


def test_classes_apart_are_as_sure_as_their_users_are_many() -> None:
    target = np.repeat([0.0, 1.0], [100, 40])
    user = np.r_[np.arange(100), np.arange(40) % 5]
    found = quality(target, target, np.ones(140), user)
    low, high = value_interval(found, "auc")
    assert (low**5, high) == (pytest.approx(0.025), 1.0)
    assert p_above(found, "auc", low) == pytest.approx(0.025)


@pytest.mark.parametrize("seed", range(20))
def test_rounded_weights_leave_exact_aucs_exact(seed: int) -> None:
    random = np.random.default_rng(seed)
    target = np.r_[1, 0, random.random(300) < 0.3].astype(np.float64)
    weight = random.choice([0.1, 0.3, 0.7, 1.3], 302)
    for score, auc in (
        (0.5 * target + 0.1 * random.random(302), 1.0),
        (0.6 - 0.5 * target - 0.1 * random.random(302), 0.0),
        (np.full(302, 0.3), 0.5),
    ):
        found = quality(target, score, weight)
        assert (found.auc, found.auc_standard_error) == (auc, 0.0)
        assert p_below(found, "auc", auc) == p_above(found, "auc", auc) == 1.0
        assert value_interval(found, "auc")[auc > 0.0] == auc


def test_an_auc_of_one_with_an_error_has_tests() -> None:
    counted = dataclasses.replace(FOUND, auc=1.0)
    assert p_below(counted, "auc", 0.9) == 1.0
    assert p_above(counted, "auc", 0.9) == pytest.approx(0.9**31)


def test_more_confidence_is_a_wider_interval() -> None:
    for metric in JUDGED:
        narrow, wide = (value_interval(FOUND, metric, share) for share in (0.5, 0.99))
        assert wide[0] < narrow[0] < getattr(FOUND, metric) < narrow[1] < wide[1]


@pytest.mark.parametrize("rows", [2, 30])
def test_classes_apart_leave_the_auc_as_unsure_as_their_rows_are_few(rows: int) -> None:
    target = np.repeat([0.0, 1.0], [100, rows])
    for score, sure in ((target, 1.0), (1 - target, 0.0)):
        low, high = value_interval(quality(target, score, np.ones(len(score))), "auc")
        end = low if sure else 1 - high
        assert (high if sure else low) == sure
        # All of so many rows placed rightly, at the probability `end`: 2.5 %.
        assert end**rows == pytest.approx(0.025)


def test_one_score_for_all_is_sure_to_rank_nothing() -> None:
    target = np.repeat([0.0, 1.0], 20)
    assert value_interval(quality(target, np.full(40, 0.5), np.ones(40)), "auc") == (0.5, 0.5)


@pytest.mark.parametrize("metric", JUDGED)
@pytest.mark.parametrize(
    "change",
    [{}, {"positives": 1}, {"auc": math.nan, "logloss": math.nan, "calibration": math.nan}],
    ids=["no error", "one positive", "no value"],
)
def test_what_is_not_defined_has_no_interval(metric: str, change: dict[str, float]) -> None:
    error = {f"{metric}_standard_error": 0.1 if change else math.nan}
    low, high = value_interval(dataclasses.replace(FOUND, **error, **change), metric)
    assert math.isnan(low) and math.isnan(high)


@pytest.mark.parametrize("metric", JUDGED)
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_a_p_is_that_of_the_interval_that_ends_at_the_limit(metric: str, confidence: float) -> None:
    low, high = value_interval(FOUND, metric, confidence)
    one_side = pytest.approx((1 - confidence) / 2)
    assert p_above(FOUND, metric, low) == one_side
    assert p_below(FOUND, metric, high) == one_side
    assert p_below(FOUND, metric, low) == pytest.approx(1 - (1 - confidence) / 2)


def test_classes_apart_are_tested_by_their_rows() -> None:
    target = np.repeat([0.0, 1.0], [100, 8])
    above, below = (quality(target, score, np.ones(108)) for score in (target, 1 - target))
    for found, sure, other, limit in (
        (above, p_above, p_below, 0.6),
        (below, p_below, p_above, 0.4),
    ):
        assert sure(found, "auc", limit) == pytest.approx(0.6**8)
        assert other(found, "auc", limit) == 1.0
    low, _ = value_interval(above, "auc")
    assert p_above(above, "auc", low) == pytest.approx(0.025)


def test_limits_beyond_the_scale_and_values_without_an_error() -> None:
    assert p_below(FOUND, "auc", 1.0) == p_above(FOUND, "calibration", 0.0) == 0.0
    assert p_above(FOUND, "auc", 1.0) == p_below(FOUND, "calibration", 0.0) == 1.0
    exact = dataclasses.replace(FOUND, calibration_standard_error=0.0)
    assert [p_below(exact, "calibration", x) for x in (1.0, 1.1, 1.2)] == [1.0, 1.0, 0.0]
    assert [p_above(exact, "calibration", x) for x in (1.0, 1.1, 1.2)] == [0.0, 1.0, 1.0]
    unknown = dataclasses.replace(FOUND, calibration_standard_error=math.nan)
    assert math.isnan(p_below(unknown, "calibration", 1.0))
