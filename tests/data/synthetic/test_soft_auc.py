import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.synthetic.soft_auc import soft_auc


def pairwise(score, p, w):
    total = won = 0.0
    for i in range(len(p)):
        for j in range(len(p)):
            if i != j:
                pair = w[i] * w[j] * p[i] * (1 - p[j])
                total += pair
                won += pair * (0.5 if score[i] == score[j] else score[i] > score[j])
    return won / total


def test_two_rows_by_hand():
    # Pairs (i, j): .8 x .7 = .56 won, .3 x .2 = .06 lost.
    assert soft_auc([2.0, 1.0], [0.8, 0.3]) == pytest.approx(0.56 / 0.62)


def test_equals_the_sum_over_pairs_with_ties_and_weights():
    rng = np.random.default_rng(0)
    score = rng.integers(0, 8, 60)
    p, w = rng.random(60), rng.random(60)
    assert soft_auc(score, p) == pytest.approx(pairwise(score, p, np.ones(60)), abs=1e-12)
    assert soft_auc(score, p, w) == pytest.approx(pairwise(score, p, w), abs=1e-12)


def test_labels_give_the_ordinary_auc():
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, 500)
    score = np.round(rng.normal(size=500) + label, 1)
    assert soft_auc(score, label) == pytest.approx(roc_auc_score(label, score), abs=1e-12)


def test_is_the_limit_of_aucs_over_drawn_labels():
    rng = np.random.default_rng(2)
    p, score = rng.random(2_000), rng.random(2_000)
    score += p
    drawn = [roc_auc_score(rng.random(2_000) < p, score) for _ in range(100)]
    error = 4 * np.std(drawn) / 10
    assert soft_auc(score, p) == pytest.approx(np.mean(drawn), abs=error)


def test_a_constant_score_is_one_half_and_the_truth_is_best():
    rng = np.random.default_rng(3)
    p = rng.random(100)
    assert soft_auc(np.ones(100), p) == pytest.approx(0.5)
    assert soft_auc(p, p) > soft_auc(p + 0.3 * rng.normal(size=100), p)
    assert soft_auc(-p, p) == pytest.approx(1 - soft_auc(p, p))


def test_no_pair_is_nan_and_bad_input_is_refused():
    assert np.isnan(soft_auc([1.0, 2.0], [1.0, 1.0]))
    with pytest.raises(ValueError, match=r"score \(1,\), probability \(2,\)"):
        soft_auc([1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="NaN in 1 of 2 rows"):
        soft_auc([1.0, np.nan], [0.5, 0.5])
