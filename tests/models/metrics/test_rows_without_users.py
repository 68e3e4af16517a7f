"""GAUC and its interval leave out rows without a user; all other numbers count them."""

import numpy as np
import pytest

from models.metrics.condensed_rows import CondensedRows
from models.metrics.difference import UNKNOWN
from models.metrics.gauc import NO_USER, grouped_auc
from models.metrics.paired import paired_differences
from models.metrics.quality import quality
from models.metrics.scored_rows import ScoredRows
from models.metrics.slices import exact_numbers
from models.metrics.tfma.quality_metric import _number_of

TARGET = np.array([1, 0, 1, 0, 1, 0, 0], np.float32)
SCORE = np.array([0.9, 0.2, 0.4, 0.6, 0.3, 0.8, 0.7])
USER = np.array([1, 1, 2, 2, NO_USER, NO_USER, NO_USER])
ONES = np.ones(7)


def test_guests_are_not_one_giant_user():
    # User 1 is ranked rightly, user 2 wrongly; three guests would be a third user.
    assert grouped_auc(TARGET, SCORE, ONES, USER) == (0.5, 2)
    as_one = grouped_auc(TARGET, SCORE, ONES, np.where(USER == NO_USER, 3, USER))
    assert as_one.groups == 3 and as_one.mean != 0.5


def test_their_rows_are_counted_and_are_part_of_the_auc():
    found = quality(TARGET, SCORE, ONES, USER)
    assert (found.without_user, found.ranked_users, found.gauc) == (3, 2, 0.5)
    assert found.auc == quality(TARGET, SCORE, ONES).auc
    outside = np.where(np.arange(7) == 4, 0.0, ONES)
    assert quality(TARGET, SCORE, outside, USER).without_user == 2


def test_without_any_user_there_is_no_gauc_and_no_interval_of_it():
    users = np.full(7, NO_USER)
    found = quality(TARGET, SCORE, ONES, users)
    assert np.isnan(found.gauc) and (found.ranked_users, found.without_user) == (0, 7)
    differences = paired_differences(TARGET, SCORE, SCORE[::-1], ONES, users)
    assert differences["gauc"] == UNKNOWN
    assert differences["auc"].known and differences["logloss"].known


def test_the_interval_of_gauc_is_that_of_the_users_alone():
    random = np.random.default_rng(1)
    users = random.integers(0, 40, 2_000)
    target = (random.random(2_000) < 0.4).astype(np.float32)
    mine, theirs, ones = random.random(2_000), random.random(2_000), np.ones(2_000)
    guests = random.random(2_000) < 0.3
    found = paired_differences(target, mine, theirs, ones, np.where(guests, NO_USER, users))
    known = (x[~guests] for x in (target, mine, theirs, ones, users))
    assert found["gauc"] == paired_differences(*known)["gauc"]


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_condensed_rows_draw_guests_one_by_one(share):
    random = np.random.default_rng(4)
    count = 40_000
    logit = random.normal(-1, 1, count)
    click = random.random(count) < 1 / (1 + np.exp(-logit))
    scores = [1 / (1 + np.exp(-(logit + random.normal(0, s, count)))) for s in (0.3, 0.6)]
    values = np.stack([click, np.ones(count), *scores], 1)[:, :, None].astype(np.float32)
    users = np.where(random.random(count) < share, NO_USER, random.integers(0, 2_000, count))
    rows = ScoredRows(values, users)
    exact = exact_numbers(rows)
    halves = [CondensedRows(2, 1, count // 4) for _ in range(2)]
    for part in range(5):
        halves[part % 2].add(rows.at(np.arange(count) % 5 == part))
    halves[0].merge(halves[1])
    found = halves[0].numbers()
    one, other = exact.qualities[0][0], found.qualities[0][0]
    assert other.without_user == one.without_user == (users == NO_USER).sum()
    assert other.gauc == pytest.approx(one.gauc, abs=0.02, nan_ok=True)
    # The error of the AUC comes from rows that were kept: guests must be among them.
    error, wanted = found.differences[0]["auc"].error, exact.differences[0]["auc"].error
    assert error == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize("different", [1, 2, 50])
@pytest.mark.parametrize("part", [100_000, 25_000, 1_000])
def test_rows_with_equal_numbers_are_drawn_one_by_one(different, part):
    """A coarse model has few scores: all rows of one may not be drawn or dropped together."""
    random = np.random.default_rng(7)
    count = 100_000
    level = random.integers(0, different, count)
    click = random.random(count) < 0.1 + 0.3 * level / different
    theirs = random.integers(0, different, count)
    scores = [0.1 + 0.3 * x / different for x in (level, theirs)]
    values = np.stack([click, np.ones(count), *scores], 1)[:, :, None].astype(np.float32)
    rows = ScoredRows(values, np.full(count, NO_USER))
    halves = [CondensedRows(2, 1, 2_000) for _ in range(2)]
    for first in range(0, count, part):
        inside = (np.arange(count) >= first) & (np.arange(count) < first + part)
        halves[(first // part) % 2].add(rows.at(inside))
    halves[0].merge(halves[1])
    kept = len(halves[0]._sample.rows.users)
    assert 500 < kept <= 2_000
    error = halves[0].numbers().differences[0]["auc"].error
    exact = exact_numbers(rows).differences[0]["auc"].error
    assert error == pytest.approx(exact, rel=0.25)
    assert different == 1 or error > 0


@pytest.mark.parametrize("value", [None, np.array([]), np.array([], object)])
def test_a_row_without_a_value_has_no_user(value):
    assert _number_of(value) == NO_USER
    assert _number_of(np.array([17])) == 17
    assert _number_of(np.array([b"m1"], object)) not in (NO_USER, 17)
