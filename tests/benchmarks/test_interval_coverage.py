"""Intervals hold the truth as often as they say, where a user's rows are alike."""

import numpy as np
import pytest
import scipy.stats

from benchmarks.interval_coverage import Coverage, coverage, simulated_log, truths

LOGS = 400
LOGIT = -1.5
# What 93 and 97 % may be among so many logs, at one in a thousand.
LEAST, MOST = scipy.stats.binom.ppf([0.001, 0.999], LOGS, [0.93, 0.97]) / LOGS


@pytest.fixture(scope="module")
def shares() -> tuple[Coverage, Coverage]:
    """By users, and by rows; 300 users of 18 rows each in the mean."""
    truth = truths(LOGIT, 400_000)
    clustered, independent, positives = coverage(300, LOGIT, LOGS, truth, seed=3, row_logarithm=2.4)
    assert 1_200 < positives < 1_700
    return clustered, independent


NAMES = ["auc", "logloss", "calibration", "auc difference", "logloss difference"]


@pytest.mark.parametrize("name", NAMES)
def test_by_users_they_hold_93_to_97_in_100(shares: tuple[Coverage, Coverage], name: str) -> None:
    assert LEAST <= shares[0][name] <= MOST


@pytest.mark.parametrize("name", NAMES)
def test_by_rows_they_are_too_narrow(shares: tuple[Coverage, Coverage], name: str) -> None:
    assert shares[1][name] < LEAST - 0.02


def test_thirty_positives_are_enough_for_values() -> None:
    truth = truths(-5.2, 400_000)
    clustered, _, positives = coverage(300, -5.2, LOGS, truth, seed=4)
    assert 30 < positives < 42
    for name in NAMES[:3]:
        assert LEAST <= clustered[name] <= MOST, name


@pytest.mark.parametrize("users", [10, 20])
def test_few_users_of_very_different_sizes_are_enough(users: int) -> None:
    truth = truths(LOGIT, 400_000)
    clustered, _, _ = coverage(users, LOGIT, LOGS, truth, seed=5, row_logarithm=3.0)
    for name in NAMES:
        # With the normal quantile it is 83 to 90 %. A little wide is on the safe side.
        assert clustered[name] >= LEAST + 0.02, name


def test_users_are_alike_and_rows_are_not_independent() -> None:
    log = simulated_log(np.random.default_rng(0), np.full(5_000, 10), LOGIT)
    rates = log.target.reshape(-1, 10).mean(1)
    # Of independent rows a user's rate would vary by p (1 - p) / 10.
    assert rates.var() > 1.5 * rates.mean() * (1 - rates.mean()) / 10
