"""The clustered variance of AUCs, against Obuchowski's formula by loops over the pairs."""

import math

import numpy as np
import pytest

from models.metrics.auc_variance import mean_and_variance, placements
from models.metrics.binary import weighted_auc
from models.metrics.clusters import Clusters
from models.metrics.gauc import NO_USER
from models.metrics.paired import auc_difference
from models.metrics.quality import quality

TARGET = np.array([1, 0, 1, 0, 0, 1, 0, 0, 1, 0.0])
SCORES = np.array(
    [
        [0.9, 0.4, 0.4, 0.2, 0.7, 0.8, 0.1, 0.4, 0.3, 0.2],
        [0.6, 0.5, 0.6, 0.6, 0.2, 0.4, 0.1, 0.5, 0.7, 0.3],
    ]
)
USER = np.array([5, 5, 5, 8, 8, 8, 8, 2, NO_USER, NO_USER])


def obuchowski(target: np.ndarray, user: list[object], scores: np.ndarray) -> np.ndarray:
    """The covariance matrix of the models' AUCs: equations 2 to 6 of the paper."""
    above, below = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    m, n = len(above), len(below)
    models, clusters = range(len(scores)), sorted(set(user), key=str)
    v10, v01 = np.zeros((len(scores), m)), np.zeros((len(scores), n))
    for r in models:
        for a, i in enumerate(above):
            for b, j in enumerate(below):
                x, y = scores[r][i], scores[r][j]
                won = 1.0 if x > y else 0.5 if x == y else 0.0
                v10[r, a] += won / n
                v01[r, b] += won / m
    auc = v10.mean(1)
    of_positives = np.zeros((len(scores), len(clusters)))
    of_negatives = np.zeros((len(scores), len(clusters)))
    for r in models:
        for k, cluster in enumerate(clusters):
            for a, i in enumerate(above):
                of_positives[r, k] += (v10[r, a] - auc[r]) * (user[i] == cluster)
            for b, j in enumerate(below):
                of_negatives[r, k] += (v01[r, b] - auc[r]) * (user[j] == cluster)
    i10 = len({user[i] for i in above})
    i01 = len({user[j] for j in below})
    count = len(clusters)
    s10 = i10 / ((i10 - 1) * m) * of_positives @ of_positives.T
    s01 = i01 / ((i01 - 1) * n) * of_negatives @ of_negatives.T
    s11 = count / (count - 1) * of_positives @ of_negatives.T
    return s10 / m + s01 / n + (s11 + s11.T) / (m * n)


def own_names(user: np.ndarray) -> list[object]:
    """Users; a row without one has a name of its own."""
    return [f"row {i}" if u == NO_USER else int(u) for i, u in enumerate(user)]


def random_rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    target = (random.random(60) < 0.3).astype(np.float64)
    user = np.where(random.random(60) < 0.2, NO_USER, random.integers(0, 12, 60))
    return target, np.round(random.normal(size=(2, 60)) + target, 1), user


ROWS = [(TARGET, SCORES, USER), *(random_rows(seed) for seed in range(4))]


@pytest.mark.parametrize("rows", ROWS, ids=["by hand", "0", "1", "2", "3"])
def test_errors_are_obuchowskis(rows: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    target, scores, user = rows
    ones = np.ones(len(target))
    wanted = obuchowski(target, own_names(user), scores)
    contrast = np.array([1.0, -1.0])
    error = math.sqrt(contrast @ wanted @ contrast)
    assert auc_difference(target, *scores, ones, user).error == pytest.approx(error, rel=1e-12)
    for r, score in enumerate(scores):
        found = quality(target, score, ones, user).auc_standard_error
        assert found == pytest.approx(math.sqrt(wanted[r, r]), rel=1e-12)
    # Both classes of one user covary: without that term the numbers are others.
    assert len(set(user[target == 1]) & set(user[target == 0]) - {NO_USER}) >= 1


@pytest.mark.parametrize("seed", range(3))
def test_with_a_row_a_user_they_are_delongs(seed: int) -> None:
    target, scores, _ = random_rows(seed)
    ones, user = np.ones(60), np.random.default_rng(seed).permutation(60)
    columns = (target, *scores, ones)
    wanted = auc_difference(*columns)
    for users in (user, np.full(60, NO_USER)):
        found = auc_difference(*columns, users)
        assert found.value == wanted.value
        assert found.error == pytest.approx(wanted.error, rel=1e-12)
    above, below = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    psi = np.sign(scores[:, above, None] - scores[:, None, below]) / 2 + 0.5
    gains = psi[0] - psi[1]
    delong = gains.mean(1).var(ddof=1) / len(above) + gains.mean(0).var(ddof=1) / len(below)
    assert wanted.error == pytest.approx(math.sqrt(delong), rel=1e-12)


def test_a_row_of_weight_two_is_two_rows_of_its_user() -> None:
    target, scores, user = random_rows(9)
    user = np.where(user == NO_USER, 99, user)
    weight = np.random.default_rng(9).integers(1, 4, 60).astype(np.float64)
    copies = np.repeat(np.arange(60), weight.astype(int))
    found = auc_difference(target, *scores, weight, user)
    wanted = auc_difference(target[copies], *scores[:, copies], np.ones(len(copies)), user[copies])
    assert (found.value, found.error) == pytest.approx((wanted.value, wanted.error), rel=1e-12)


def test_placements_are_shares_of_the_other_class_and_their_mean_is_the_auc() -> None:
    target, scores, _ = random_rows(2)
    weight = np.random.default_rng(3).uniform(0.5, 2, 60)
    found = placements(target, scores[0], weight)
    for i, (y, s) in enumerate(zip(target, scores[0], strict=True)):
        others = target != y
        won = np.sign(s - scores[0][others]) * (1 if y else -1) / 2 + 0.5
        assert found[i] == pytest.approx(weight[others] @ won / weight[others].sum(), rel=1e-12)
    auc, _ = mean_and_variance(target, found, weight, Clusters.of(None, 60))
    assert auc == pytest.approx(weighted_auc(target, scores[0], weight), rel=1e-12)


@pytest.mark.parametrize(
    "user", [[1, 1, 2, 3], [1, 2, 3, 3], [4, 4, 4, 4]], ids=["positives", "negatives", "all"]
)
def test_a_class_of_one_user_has_no_error(user: list[int]) -> None:
    target, score = np.array([1, 1, 0, 0.0]), np.array([0.9, 0.3, 0.5, 0.2])
    found = quality(target, score, np.ones(4), np.array(user))
    assert found.auc == 0.75
    assert math.isnan(found.auc_standard_error)
    assert not auc_difference(target, score, 1 - score, np.ones(4), np.array(user)).known
