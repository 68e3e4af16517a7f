"""AITM: towers, transfer along the task graph, and outputs that contradict no parent."""

import numpy as np
import pytest
import tensorflow as tf
from aitm_formula import ROWS, by_hand, made
from made_batches import (
    batch,
    five_branch_graph,
    make_ranker,
    step_gradients,
    taken,
    task_graph,
    tensors,
    weight,
)

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.registry import parse_model_config
from schemas.task_graph import Label, sorted_by_parents

CHAIN = task_graph(3)
FIVE = five_branch_graph()
GRAPHS = {"one": task_graph(1), "chain": CHAIN, "five": FIVE}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("towers", ["task", "scenario_task"])
def test_probabilities_are_the_formula(graph: str, towers: str) -> None:
    tasks = GRAPHS[graph]
    ranker, rows = made(tasks, towers=towers)
    y, _ = by_hand(ranker, rows, tasks, towers == "scenario_task")
    towers_found = ranker.architecture.tower_log_odds(ranker.features(tensors(rows)))
    for place, label in enumerate(tasks.labels):
        np.testing.assert_allclose(tf.sigmoid(towers_found[label.name]), y[:, place], atol=1e-6)

    outputs = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    assert list(outputs) == [output.name for output in tasks.outputs]
    joint: dict[str, np.ndarray] = {}
    for place, label in enumerate(tasks.labels):
        found = outputs[tasks.joint(label.name).name]
        if label.parent is None:
            wanted = y[:, place]
        else:
            wanted = np.minimum(y[:, place], 0.95 * joint[label.parent])
            given = outputs[tasks.conditional(label.name).name]
            np.testing.assert_allclose(given, wanted / joint[label.parent], atol=2e-6)
        np.testing.assert_allclose(found, wanted, atol=2e-6)
        joint[label.name] = wanted


def test_siblings_read_their_parent_and_a_grandchild_what_its_parent_took_over() -> None:
    tasks = sorted_by_parents(
        [
            Label("click", "c"),
            Label("like", "l", "click", True),
            Label("cart", "t", "click", True),
            Label("buy", "b", "cart", True),
        ]
    )
    ranker, rows = made(tasks)
    names = [label.name for label in tasks.labels]

    def scores() -> dict[str, np.ndarray]:
        found = ranker.architecture.tower_log_odds(ranker.features(tensors(rows)))
        return {name: values.numpy() for name, values in found.items()}

    before = scores()
    for changed, reached in (
        ("click", {"click", "like", "cart", "buy"}),
        ("like", {"like"}),
        ("cart", {"cart", "buy"}),
        ("buy", {"buy"}),
    ):
        bias = weight(ranker, "aitm/towers/dense_1/bias")
        value = bias.numpy()
        moved = value.copy()
        moved[0, names.index(changed)] += 0.5
        bias.assign(moved)
        after = scores()
        bias.assign(value)
        assert {x for x in names if np.any(after[x] != before[x])} == reached


def test_the_two_weights_sum_to_one_and_depend_on_the_row() -> None:
    ranker, rows = made(CHAIN)
    features = ranker.features(tensors(rows))
    layer = ranker.architecture._transfers["action"]
    own = tf.random.stateless_normal([1, ROWS, 4], [1, 2])
    _, weights = layer((own[:, ::-1], own))
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), np.ones((1, ROWS)), atol=1e-6)
    _, found = ranker.architecture.representations(features)
    assert list(found) == ["action", "conversion"]
    for values in found.values():
        assert values.shape == (1, ROWS)
        assert 0 < values.numpy().min() < values.numpy().max() < 1


def test_a_contradiction_of_two_towers_is_no_output() -> None:
    """The action's tower says more than the click's; what is scored says no more."""
    ranker, rows = made(task_graph(2))
    bias = weight(ranker, "aitm/last/bias")
    bias.assign(tf.constant([-3.0, 3.0], shape=bias.shape))
    towers = ranker.architecture.tower_log_odds(ranker.features(tensors(rows)))
    assert np.all(towers["action"] > towers["click"])
    found = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    np.testing.assert_allclose(found["click"], tf.sigmoid(towers["click"]), rtol=1e-6)
    np.testing.assert_allclose(found["click_and_action"], 0.95 * found["click"], rtol=1e-5)
    np.testing.assert_allclose(found["action_given_click"], np.full(ROWS, 0.95), rtol=1e-5)


def test_every_tower_starts_at_its_joint_base_rate() -> None:
    rates = {
        "click": 0.2,
        "action_given_click": 0.3,
        "conversion_given_action": 0.1,
    }
    ranker = make_ranker({"name": "aitm"}, tasks=CHAIN, base_rates=rates)
    last = weight(ranker, "aitm/last/kernel")
    last.assign(tf.zeros_like(last))
    rows = tensors(batch(5, ranker.layout, CHAIN))
    found = ranker(rows)
    for name, rate in {**rates, "click_and_action": 0.06}.items():
        np.testing.assert_allclose(found[name], np.full(5, rate), rtol=1e-5)
    joint = found["click_and_action_and_conversion"]
    np.testing.assert_allclose(joint, np.full(5, 0.006), rtol=1e-5)


def test_rows_train_modules_of_their_own_scenario_only() -> None:
    ranker, rows = made(CHAIN, towers="scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] == 1)
    gradients = zip(ranker.trainable_variables, step_gradients(ranker, rows), strict=True)
    private = [g.numpy() for v, g in gradients if "aitm/" in v.name]
    assert len(private) == 4 + 2 * 5 + 2
    for gradient in private:
        assert np.all(gradient[[0, 2]] == 0)
        assert np.any(gradient[1] != 0)


def test_explains_what_is_taken_over_and_where_the_order_is_broken() -> None:
    ranker, rows = made(FIVE, towers="scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] != 2)
    y, weights = by_hand(ranker, rows, FIVE, True)
    found = ranker.explain(tensors(rows))
    for name, wanted in (
        ("transfer", weights[:, 1:]),
        ("out_of_order", y[:, 1:] > y[:, :1]),
        ("at_ceiling", y[:, 1:] > 0.95 * y[:, :1]),
    ):
        values, axes = found[name]
        assert [axis.name for axis in axes] == ["scenario", "label"]
        assert axes[1].entries == ("action_given_click", "conversion_given_click")
        for k in (0, 1):
            own = wanted[rows[SCENARIO_KEY] == k].mean(0)
            np.testing.assert_allclose(values[k], own, atol=1e-6)
        assert np.all(np.isnan(values[2]))
    assert 0 < np.nanmean(found["out_of_order"].values) < 1


def test_a_single_label_has_nothing_to_take_over() -> None:
    ranker, rows = made(task_graph(1))
    assert ranker.supervised_outputs == ("click",)
    assert not any("transfer" in v.name for v in ranker.weights)
    assert "calibrator_loss" not in ranker.test_step(tensors(rows))
    assert "transfer" not in ranker.explain(tensors(rows))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"calibrator": 0.1}, "unknown key 'calibrator'; did you mean 'calibrator_weight'"),
        ({"tower_units": []}, "tower_units"),
        ({"calibrator_weight": -1}, "calibrator_weight"),
        ({"conditional_ceiling": 1.0}, "conditional_ceiling"),
        ({"conditional_ceiling": 0.0}, "conditional_ceiling"),
    ],
)
def test_a_wrong_setting_is_refused(values: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_model_config({"name": "aitm", **values})
