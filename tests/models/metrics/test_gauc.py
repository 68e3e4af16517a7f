import math

import numpy as np
import pytest

from models.metrics.gauc import grouped_auc


def brute_force(targets, scores, weights, groups):
    """Counts every pair of every user."""
    total = impressions = 0.0
    ranked = 0
    for group in set(groups):
        rows = [i for i in range(len(groups)) if groups[i] == group]
        pairs = won = 0.0
        for i in rows:
            for j in rows:
                if targets[i] == 1 and targets[j] == 0:
                    pair = weights[i] * weights[j]
                    pairs += pair
                    won += pair * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
        if pairs:
            weight = sum(weights[i] for i in rows)
            total += weight * won / pairs
            impressions += weight
            ranked += 1
    return total / impressions, ranked


def test_two_users_by_hand():
    # User 1: one of two negatives below the positive; user 2: a tie; user 3: no positive.
    targets = np.array([1, 0, 0, 1, 0, 0])
    scores = np.array([0.5, 0.4, 0.6, 0.3, 0.3, 0.9])
    groups = np.array([1, 1, 1, 2, 2, 3])
    found = grouped_auc(targets, scores, np.ones(6), groups)
    assert found.mean == pytest.approx((3 * 0.5 + 2 * 0.5) / 5)
    assert found.groups == 2


@pytest.mark.parametrize("seed", range(5))
def test_equals_counting_pairs_with_ties_and_weights(seed):
    random = np.random.default_rng(seed)
    count = 200
    targets = (random.random(count) < 0.3).astype(np.float32)
    scores = np.round(random.random(count), 1).astype(np.float32)
    weights = random.choice([0.0, 0.5, 1.0, 2.0], count).astype(np.float32)
    groups = random.integers(-5, 25, count)
    found = grouped_auc(targets, scores, weights, groups)
    mean, ranked = brute_force(targets, scores, weights, groups)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    assert found.groups == ranked


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(3)
    columns = (
        random.integers(0, 2, 300),
        np.round(random.random(300), 1),
        random.random(300),
        random.integers(0, 40, 300),
    )
    order = random.permutation(300)
    shuffled = grouped_auc(*(column[order] for column in columns))
    assert shuffled.mean == pytest.approx(grouped_auc(*columns).mean, abs=1e-12)


def test_one_group_is_the_plain_auc_and_no_ranked_group_is_undefined():
    targets, scores = np.array([1, 0, 1, 0]), np.array([0.9, 0.1, 0.3, 0.5])
    assert grouped_auc(targets, scores, np.ones(4), np.zeros(4)).mean == 0.75
    for rows in (0, 1, 4):
        alone = grouped_auc(targets[:rows], scores[:rows], np.ones(rows), np.arange(rows))
        assert math.isnan(alone.mean) and alone.groups == 0
