"""A training of a claim that is better than possible is an error, not a success."""

import types

import numpy as np
import pytest

from benchmarks.proof.claims.histories import CHANGED, HISTORIES, check_leaks
from benchmarks.proof.models.settings import MODELS
from benchmarks.proof.trainings.leaks import above_bayes
from common.names import OVERALL
from data.synthetic.columns import contract
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.registry import parse_model_config

ROWS = 4_000


@pytest.fixture(scope="module")
def drawn():
    """Eval rows of two scenarios, with clicks alone, and their true probabilities."""
    rng = np.random.default_rng(5)
    truth = 0.05 + 0.4 * rng.random(ROWS)
    click = (rng.random(ROWS) < truth).astype(np.float32)
    outputs = list(contract().truths)
    floats = {target_key(x): click if x == "click" else np.zeros(ROWS) for x in outputs}
    floats |= {weight_key(x): np.ones(ROWS) for x in outputs}
    names = tuple(sorted(floats))
    rows = InMemorySplit(
        (SCENARIO_KEY,),
        np.arange(ROWS, dtype=np.int32)[:, None] % 2,
        names,
        np.stack([floats[name] for name in names], axis=1).astype(np.float32),
    )
    layout = types.SimpleNamespace(scenarios=("home", "search"))
    columns = {column.name: truth for column in contract().truths.values()}
    return types.SimpleNamespace(eval=rows, layout=layout), columns, click


def scores_of(click_scores):
    return {x: click_scores if x == "click" else np.zeros(ROWS) for x in contract().truths}


def test_the_true_probabilities_are_not_above_themselves(drawn):
    data, truth, _ = drawn
    assert above_bayes(scores_of(truth["true_ctr"]), data, truth) == ()


def test_scores_that_have_seen_the_labels_are_found_where_they_have(drawn):
    data, truth, click = drawn
    seen = np.where(np.arange(ROWS) % 2 == 1, click, truth["true_ctr"])
    found = above_bayes(scores_of(truth["true_ctr"] + seen), data, truth)
    assert [(x.output, x.scenario) for x in found] == [("click", OVERALL), ("click", "search")]
    assert found[0].auc > found[0].bayes_auc


def test_a_claim_stops_at_a_leak(drawn):
    data, truth, click = drawn
    leaks = above_bayes(scores_of(click), data, truth)
    wanted = types.SimpleNamespace(world="histories", label="mmoe, din", seed=11)
    check_leaks([types.SimpleNamespace(leaks=(), wanted=wanted)])
    with pytest.raises(RuntimeError, match="histories, mmoe, din, seed 11: the model ranks the ev"):
        check_leaks([types.SimpleNamespace(leaks=leaks, wanted=wanted)])


def test_every_variant_of_the_claim_is_a_models_config():
    assert HISTORIES[0] == "none"
    assert {"mean", "din"} <= {*HISTORIES}
    for histories in HISTORIES:
        made = parse_model_config({**MODELS["mmoe"], **CHANGED, "histories": histories})
        assert made.histories == histories
