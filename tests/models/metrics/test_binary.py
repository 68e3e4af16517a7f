"""Metrics against brute force, hand-computed values and scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from models.metrics.binary import base_rate, weighted_auc, weighted_log_loss


def brute_force_auc(targets: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> float:
    won = total = 0.0
    for i in np.flatnonzero(targets == 1):
        for j in np.flatnonzero(targets == 0):
            pair = float(weights[i]) * float(weights[j])
            total += pair
            won += pair * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
    return won / total


def test_auc_equals_all_pairs_with_ties_and_weights() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        targets = random.integers(0, 2, 40)
        targets[:2] = 0, 1
        scores = random.integers(0, 8, 40).astype(np.float32)
        weights = random.integers(0, 4, 40).astype(np.float32) + 0.5
        expected = brute_force_auc(targets, scores, weights)
        assert weighted_auc(targets, scores, weights) == pytest.approx(expected, abs=1e-12)


def test_auc_by_hand() -> None:
    # Positives at 0.8 and 0.3, negatives at 0.3 and 0.1: 1 + 1 + 0.5 + 1 of 4 pairs.
    scores = np.array([0.8, 0.3, 0.3, 0.1])
    assert weighted_auc(np.array([1, 1, 0, 0]), scores, np.ones(4)) == 3.5 / 4


def test_auc_of_one_class_is_undefined() -> None:
    assert math.isnan(weighted_auc(np.ones(3), np.arange(3), np.ones(3)))
    assert math.isnan(weighted_auc(np.array([1, 0]), np.arange(2), np.array([1, 0])))
    assert math.isnan(weighted_auc(np.array([]), np.array([]), np.array([])))


def test_base_rate_is_the_weighted_mean_target() -> None:
    targets, weights = np.array([1, 0, 0], np.float32), np.array([3, 1, 0], np.float32)
    assert base_rate(targets, weights) == 0.75
    # In float64, where ones add up beyond 2^24.
    assert base_rate(np.ones(2**24 + 1, np.float32), np.ones(2**24 + 1, np.float32)) == 1.0
    assert math.isnan(base_rate(targets, np.zeros(3, np.float32)))


def test_log_loss_by_hand() -> None:
    found = weighted_log_loss(np.array([1, 0]), np.array([0.25, 0.2]), np.array([3.0, 1.0]))
    assert found == pytest.approx(-(3 * math.log(0.25) + math.log(0.8)) / 4)
    certain = weighted_log_loss(np.array([0.0]), np.array([1.0], np.float32), np.ones(1))
    assert certain == pytest.approx(-math.log(1e-7), rel=1e-6)
    assert math.isnan(weighted_log_loss(np.ones(1), np.ones(1), np.zeros(1)))


def test_log_loss_is_sklearns() -> None:
    random = np.random.default_rng(3)
    targets, scores, weights = random.integers(0, 2, 50), random.random(50), random.random(50)
    expected = log_loss(targets, scores, sample_weight=weights)
    assert weighted_log_loss(targets, scores, weights) == pytest.approx(expected)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", [0, 3])
def test_a_score_that_is_not_finite_has_no_auc(value: float, position: int) -> None:
    targets, scores = np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    scores[position] = value
    assert math.isnan(weighted_auc(targets, scores, np.ones(4)))
