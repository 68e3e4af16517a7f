"""Users as clusters, and the error of a ratio of sums over them."""

import math

import numpy as np
import pytest

from models.metrics.clusters import Clusters, ratio_error, small_numbers
from models.metrics.gauc import NO_USER

DIGEST = 2**62


@pytest.mark.parametrize(
    ("user", "wanted"),
    [
        ([1, 1, 2, 2, 3, 3], 3.0),
        # Of the positives 3, 1 and 1 are one user's each: 25 / 11.
        ([1, 1, 1, 2, 3, 4, 5, 6], 25 / 11),
        ([NO_USER] * 6, 3.0),
    ],
    ids=["equal", "unequal", "rows"],
)
def test_draws_are_clusters_of_equal_size(user: list[int], wanted: float) -> None:
    target = np.array({6: [1, 0, 1, 0, 1, 0], 8: [1, 1, 1, 1, 1, 0, 0, 0]}[len(user)], float)
    assert Clusters.of(np.array(user), len(user)).draws(target) == pytest.approx(wanted)


def test_draws_of_one_class_and_of_no_row() -> None:
    clusters = Clusters.of(np.array([1, 1, 2, 2]), 4)
    assert clusters.draws(np.ones(4)) == clusters.draws(np.zeros(4)) == 2
    assert Clusters.of(None, 0).draws(np.zeros(0)) == 0


@pytest.mark.parametrize("base", [0, 7, -5, DIGEST], ids=["from 0", "small", "negative", "digest"])
def test_a_users_rows_are_one_and_a_row_without_a_user_is_alone(base: int) -> None:
    user = np.array([base + 3, NO_USER, base, base + 3, NO_USER, base])
    found = Clusters.of(user, 6)
    assert found.count == 4
    assert found.sums(np.array([1.0, 2, 4, 8, 16, 32])).tolist() == [36, 9, 2, 16]


@pytest.mark.parametrize("user", [None, np.full(3, NO_USER)], ids=["no column", "guests alone"])
def test_without_users_every_row_is_alone(user: np.ndarray | None) -> None:
    found = Clusters.of(user, 3)
    assert (found.count, found.codes.tolist()) == (3, [0, 1, 2])


def test_no_rows_are_no_clusters() -> None:
    assert Clusters.of(np.zeros(0, np.int64), 0).count == 0


def test_small_numbers_tell_the_same_users_apart() -> None:
    user = np.array([DIGEST, NO_USER, -DIGEST, DIGEST, 5])
    assert small_numbers(user).tolist() == [2, NO_USER, 0, 2, 1]


def test_the_error_of_a_ratio_is_cochrans() -> None:
    above, below = np.array([1.0, 3.0, 2.0, 6.0]), np.array([2.0, 2.0, 1.0, 3.0])
    ratio = 12 / 8
    residuals = [1 - 2 * ratio, 3 - 2 * ratio, 2 - ratio, 6 - 3 * ratio]
    variance = sum(x * x for x in residuals) / 3 / 4 / (8 / 4) ** 2
    assert ratio_error(above, below) == pytest.approx(math.sqrt(variance), rel=1e-12)


@pytest.mark.parametrize(
    ("above", "below"), [([1.0], [1.0]), ([], []), ([1.0, 2.0], [0.0, 0.0])], ids=repr
)
def test_fewer_than_two_draws_or_nothing_below_have_no_error(
    above: list[float], below: list[float]
) -> None:
    assert math.isnan(ratio_error(np.array(above), np.array(below)))
