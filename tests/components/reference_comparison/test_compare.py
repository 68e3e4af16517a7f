"""The comparison of one output, against formulas written out in numpy."""

import dataclasses
import math

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from common.errors import BadDataError
from components.reference_comparison.compare import CandidateRows, compare
from components.reference_models.eval_scores import EvalScores
from models.metrics.gauc import NO_USER

ROWS = 400


def made_rows(seed: int = 0, users: int | None = None) -> CandidateRows:
    """Rows whose ids are in no order; a tenth lies outside the output's space."""
    random = np.random.default_rng(seed)
    logit = random.normal(size=ROWS)
    target = (random.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(np.float32)
    weight = random.choice([0.5, 1.0, 2.0], ROWS) * (random.random(ROWS) < 0.9)
    score = 1 / (1 + np.exp(-logit - random.normal(size=ROWS)))
    user = np.full(ROWS, NO_USER) if users is None else random.integers(0, users, ROWS)
    ids = 2**60 + random.permutation(10 * ROWS)[:ROWS]
    return CandidateRows(ids, target, weight.astype(np.float32), score.astype(np.float32), user)


def some_scores(rows: CandidateRows, seed: int, share: float = 1.0) -> EvalScores:
    """Scores of a part of the space's rows, in another order than the candidate's."""
    random = np.random.default_rng(seed)
    inside = np.flatnonzero(rows.weight > 0)
    chosen = random.permutation(inside)[: int(share * len(inside))]
    return EvalScores(rows.row_ids[chosen], {"logistic_regression": random.random(len(chosen))})


def obuchowski(target, candidate, reference, weight, user):
    """AUC difference and its paired standard error, pair by pair and user by user (1997)."""
    positive, negative = np.flatnonzero(target > 0.5), np.flatnonzero(target <= 0.5)
    u, v = weight[positive], weight[negative]

    def wins(score):
        pairs = score[positive][:, None] - score[negative][None, :]
        return (pairs > 0) + 0.5 * (pairs == 0)

    won = wins(candidate) - wins(reference)
    of_positives, of_negatives = won @ v / v.sum(), u @ won / u.sum()
    value = u @ of_positives / u.sum()
    of_positives, of_negatives = u * (of_positives - value), v * (of_negatives - value)
    users = set(user)
    p = np.array([of_positives[user[positive] == x].sum() for x in users]) / u.sum()
    n = np.array([of_negatives[user[negative] == x].sum() for x in users]) / v.sum()
    i_p, i_n, i = len(set(user[positive])), len(set(user[negative])), len(users)
    variance = i_p / (i_p - 1) * p @ p + i_n / (i_n - 1) * n @ n + 2 * i / (i - 1) * p @ n
    return value, math.sqrt(variance)


@pytest.mark.parametrize("users", [None, 25], ids=["no users", "25 users"])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_the_numbers_are_of_exactly_the_rows_that_both_scored(share, users):
    rows = made_rows(users=users)
    references = some_scores(rows, 1, share)
    found = compare(rows, references)
    by_id = {int(row_id): position for position, row_id in enumerate(rows.row_ids)}
    at = [by_id[int(row_id)] for row_id in references.row_ids]
    target, weight = rows.target[at].astype(float), rows.weight[at].astype(float)
    scores = (rows.score[at].astype(float), references.scores["logistic_regression"])
    assert found["rows"] == len(at) == int(share * (rows.weight > 0).sum())
    assert (found["positives"], found["negatives"]) == (target.sum(), len(at) - target.sum())
    model = found["models"]["logistic_regression"]
    for values, score in zip((found["candidate"], model), scores, strict=True):
        auc = roc_auc_score(target, score, sample_weight=weight)
        loss = log_loss(target, score, sample_weight=weight)
        assert (values["auc"], values["logloss"]) == pytest.approx((auc, loss), abs=1e-9)
    user = np.arange(len(at)) if users is None else rows.user[at]
    expected = obuchowski(target, *scores, weight, user)
    sizes = [np.unique(user[target == kind], return_counts=True)[1] for kind in (0, 1)]
    draws = min(n.sum() ** 2 / np.square(n).sum() for n in sizes)
    assert model["difference"]["auc"] == pytest.approx((*expected, draws), abs=1e-9)

    losses = [-(target * np.log(p) + (1 - target) * np.log1p(-p)) for p in scores]
    gaps = losses[0] - losses[1]
    mean = weight @ gaps / weight.sum()
    of_users = [(weight * (gaps - mean))[user == x].sum() / weight.sum() for x in set(user)]
    error = math.sqrt(np.square(of_users).sum() * len(of_users) / (len(of_users) - 1))
    assert model["difference"]["logloss"] == pytest.approx((mean, error, draws), abs=1e-9)


def test_a_row_that_only_the_reference_scored_is_an_error():
    rows = made_rows()
    references = some_scores(rows, 1)
    lost = dataclasses.replace(rows, row_ids=np.where(rows.weight > 0, rows.row_ids, 0))
    assert compare(lost, references) == compare(rows, references)
    gone = references.row_ids[7]
    lost = dataclasses.replace(rows, row_ids=np.where(rows.row_ids == gone, 0, rows.row_ids))
    with pytest.raises(BadDataError, match=rf"rows, of which 1 \(row id {gone}\) are not among"):
        compare(lost, references)
    outside = dataclasses.replace(rows, weight=np.where(rows.row_ids == gone, 0, rows.weight))
    with pytest.raises(BadDataError, match=f"row id {gone}"):
        compare(outside, references)


def test_a_score_that_is_not_finite_leaves_the_differences_undefined():
    rows = made_rows()
    references = some_scores(rows, 1)
    broken = np.where(rows.row_ids == references.row_ids[0], np.nan, rows.score)
    found = compare(dataclasses.replace(rows, score=broken), references)
    model = found["models"]["logistic_regression"]
    assert all(np.isnan(model["difference"][x][:2]).all() for x in ("auc", "logloss"))
    assert math.isnan(found["candidate"]["auc"]) and math.isfinite(model["auc"])
