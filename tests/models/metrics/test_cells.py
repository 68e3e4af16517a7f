"""Metrics of every output and scenario."""

import math

import numpy as np
import pytest
from small_training import LAYOUT, made_held_rows

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, index_key, target_key, weight_key
from models.metrics.binary import weighted_auc
from models.metrics.cells import cell_metrics
from models.metrics.gauc import grouped_auc


@pytest.fixture(scope="module")
def judged() -> InMemorySplit:
    return made_held_rows(500, seed=3)


def test_metrics_of_a_cell_are_those_of_its_rows(judged):
    random = np.random.default_rng(0)
    groups = judged.column(index_key("user")).astype(np.int32)
    outputs = ("click", "buy_given_click")
    scores = {name: random.random(500).astype(np.float32) for name in outputs}
    found = cell_metrics(judged, scores, outputs, LAYOUT.scenarios, groups)
    cart = judged.column(SCENARIO_KEY) == 1
    inside = cart & (judged.column(weight_key("buy_given_click")) > 0)
    targets = judged.column(target_key("buy_given_click"))[inside]
    weights, predicted = np.ones(inside.sum()), scores["buy_given_click"][inside]
    cell = found["buy_given_click"]["cart"]
    assert cell["auc"] == weighted_auc(targets, predicted, weights)
    within = grouped_auc(targets, predicted, weights, groups[inside])
    assert (cell["gauc"], cell["users"]) == within
    assert (cell["positives"], cell["negatives"]) == (targets.sum(), (1 - targets).sum())
    assert set(found["click"]) == {"*", "home", "cart"}


def test_a_score_that_is_not_finite_undoes_its_cells_only(judged):
    scores = {"click": np.full(500, 0.5, np.float32)}
    row = np.flatnonzero(judged.column(SCENARIO_KEY) == 1)[0]
    scores["click"][row] = np.nan
    found = cell_metrics(judged, scores, ["click"], LAYOUT.scenarios)["click"]
    assert math.isnan(found["*"]["logloss"]) and math.isnan(found["cart"]["auc"])
    assert found["home"]["auc"] == 0.5 and math.isnan(found["home"]["gauc"])
