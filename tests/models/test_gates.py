"""What gates over shared and private experts say of them, by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, task_graph, tensors

from models.explanation import Axis, numbered
from models.gates import Gates, expert_uses, explained, logged, over_shared

SCENARIOS = Axis("scenario", ("home", "search", "cart"))
SCENARIO = np.array([0, 0, 1])
LABELS = Axis("label", ("click", "buy"))


def gate_of_labels():
    """Two labels over three experts; the third gets nothing, the first nothing from buy."""
    click, buy = [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]
    even = [1.0, 0.0, 0.0]
    weights = tf.constant([[click, buy], [even, buy], [click, buy]])
    return over_shared(weights, LABELS)


def private_gate():
    """One gate over an expert of the scenario's own, and a shared one."""
    weights = tf.constant([[0.25, 0.75], [0.75, 0.25], [1.0, 0.0]])
    names = np.array(["own", "common"])
    return Gates(weights, (), numbered("expert", 2), names, np.array([True, False]))


def test_shared_experts_are_judged_over_all_rows_and_gates():
    found = expert_uses({"gates": gate_of_labels()}, SCENARIO, SCENARIOS)
    # Of click 2/3, 1/3 and 0, of buy 0, 1 and 0.
    assert {name: use.load for name, use in found.items()} == pytest.approx(
        {"expert_0": 1 / 3, "expert_1": 2 / 3, "expert_2": 0}
    )
    assert [name for name, use in found.items() if use.dead] == ["expert_2"]


def test_private_experts_are_judged_over_their_scenarios_rows():
    found = expert_uses({"gate": private_gate()}, SCENARIO, SCENARIOS)
    assert list(found) == ["common", "home/own", "search/own", "cart/own"]
    assert found["common"].load == pytest.approx(1 / 3)
    assert (found["home/own"].load, found["search/own"].load) == pytest.approx((0.5, 1.0))
    assert math.isnan(found["cart/own"].load)
    assert not any(use.dead for use in found.values())


def test_an_expert_that_one_gate_uses_is_not_dead():
    alive, gone = (over_shared(tf.constant(rows)) for rows in ([[0.0, 1.0]] * 3, [[1.0, 0.0]] * 3))
    found = expert_uses({"first": gone, "second": gone}, SCENARIO, SCENARIOS)
    assert [use.dead for use in found.values()] == [False, True]
    found = expert_uses({"first": gone, "second": alive}, SCENARIO, SCENARIOS)
    assert [use.dead for use in found.values()] == [False, False]


def test_explanations_are_of_every_scenario():
    gates = {"gates": gate_of_labels(), "own": private_gate()}
    found = explained(gates, SCENARIO, SCENARIOS)
    for explanation in found.values():
        explanation.document()
    np.testing.assert_allclose(found["gates"].values[0], [[0.75, 0.25, 0], [0, 1, 0]])
    assert np.isnan(found["gates"].values[2]).all()
    even = math.log(2) / math.log(3)
    np.testing.assert_allclose(found["gates_entropy"].values[:2], [[even / 2, 0], [even, 0]])
    quarter = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    balance = found["gates_balance"].values
    np.testing.assert_allclose(balance[0], [quarter / math.log(3), 0])
    np.testing.assert_allclose(found["own"].values[:2], [[0.5, 0.5], [1, 0]])
    np.testing.assert_allclose(found["own_balance"].values[:2], [1, 0])
    experts = found["dead_experts"].axes[0].entries
    assert experts[:4] == ("expert_0", "expert_1", "expert_2", "common")
    np.testing.assert_array_equal(found["dead_experts"].values, [0, 0, 1, 0, 0, 0, 0])
    assert explained({}, SCENARIO, SCENARIOS) == {}


def test_the_history_has_plain_values_of_what_has_rows():
    found = logged({"gates": gate_of_labels(), "own": private_gate()}, SCENARIO, SCENARIOS)
    assert list(found["expert_load"])[3:] == ["common", "home/own", "search/own"]
    two = math.log(2)
    quarter = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert found["gate_entropy"] == pytest.approx(
        {
            "gates/click": 2 / 3 * two / math.log(3),
            "gates/buy": 0,
            "own": 2 / 3 * quarter / two,
        }
    )
    assert found["dead_experts"] == ["expert_2"]
    assert logged({}, SCENARIO, SCENARIOS) == {}


SEVERAL = {
    "csii": {"experts_per_scenario": 2, "shared_experts": 3},
    # All are selected, so that none can be dead.
    "aesm2": {"top_specific": 6},
}
WITH_GATES = ("aem2tl", "aesm2", "csii", "hinet", "mmoe", "ple", "taml")


@pytest.mark.parametrize("name", WITH_GATES)
def test_models_with_gates_say_how_they_use_their_experts(name):
    ranker = make_ranker({"name": name, "embedding_dim": 4, **SEVERAL.get(name, {})})
    randomise(ranker, scale=0.1)
    rows = tensors(batch(40, ranker.layout, task_graph(2)))
    found, logs = ranker.explain(rows), ranker.gate_logs(rows)
    for gate in ranker.architecture.expert_gates(ranker.features(rows)).values():
        np.testing.assert_allclose(tf.reduce_sum(gate.weights, axis=-1), 1, atol=1e-5)
    for explanation in found.values():
        explanation.document()
    experts = found["expert_load"].axes[0].entries
    assert len(set(experts)) == len(experts) == len(logs["expert_load"]) > 1
    assert logs["dead_experts"] == [] and min(logs["gate_entropy"].values()) > 0


def test_csii_mixes_by_its_own_gate():
    config = {"name": "csii", "embedding_dim": 4, **SEVERAL["csii"]}
    ranker = make_ranker(config)
    randomise(ranker, scale=0.1)
    rows = batch(40, ranker.layout, task_graph(2))
    features = ranker.features(tensors(rows))
    found = ranker.architecture.expert_gates(features)
    x, scenario = features.flat().numpy(), features.scenario.numpy()
    (kernel,) = [v.numpy() for v in ranker.weights if v.name.endswith("/experts/gates/kernel:0")]
    (bias,) = [v.numpy() for v in ranker.weights if v.name.endswith("/experts/gates/bias:0")]
    logits = np.einsum("bi,bio->bo", x, kernel[scenario]) + bias[scenario, 0]
    wanted = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(found["scenario_gates"].weights, wanted, rtol=1e-4)
    assert found["scenario_gates"].private.all() and not found["shared_gates"].private.any()


def test_a_model_without_gates_says_nothing():
    ranker = make_ranker({"name": "shared_bottom", "embedding_dim": 4})
    rows = tensors(batch(10, ranker.layout, task_graph(2)))
    assert ranker.gate_logs(rows) == {} and ranker.explain(rows) == {}
