"""ESM2: its composition, its losses, and ESMM where nothing is decomposed."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import (
    batch,
    five_branch_graph,
    make_ranker,
    randomise,
    step_gradients,
    taken,
    task_graph,
    tensors,
    weight,
)

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.ranker import Ranker
from models.registry import parse_model_config
from schemas.task_graph import Label, TaskGraph, sorted_by_parents

GRAPH = five_branch_graph()
BRANCHES = (
    "click",
    "action_given_click",
    "conversion_given_click_without_action",
    "conversion_given_click_with_action",
)
LOSSES = ("click", "click_and_action", "click_and_conversion")
ROWS = 20


def made(
    tasks: TaskGraph = GRAPH, name: str = "esm2", **options: Any
) -> tuple[Ranker, dict[str, np.ndarray]]:
    training = {key: options.pop(key) for key in ("loss_weights",) if key in options}
    model = {"name": name, "embedding_dim": 4, "tower_units": (5,), **options}
    ranker = make_ranker(model, tasks=tasks, **training)
    randomise(ranker)
    return ranker, batch(ROWS, ranker.layout, tasks)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def branches_by_hand(ranker: Ranker, rows: dict[str, np.ndarray], by_scenario: bool) -> np.ndarray:
    """Every branch's probability, float64 [B, 4]."""
    features = ranker.features(tensors(rows))
    flat = np.concatenate([features.fields.numpy().reshape(ROWS, -1), features.numeric], 1)
    flat = flat.astype(np.float64)
    names = ("hidden/dense_0/kernel", "hidden/dense_0/bias", "last/kernel", "last/bias")
    kernel, bias, last, last_bias = (weight(ranker, f"esm2/towers/{x}").numpy() for x in names)
    found = np.zeros((ROWS, 4))
    for row, k in enumerate(rows[SCENARIO_KEY]):
        for c, label in enumerate((0, 1, 2, 2)):
            at = (k, c) if by_scenario else (c,)
            hidden = np.maximum(flat[row] @ kernel[at] + bias[at][0], 0)
            logit = hidden @ last[at][:, 0] + last_bias[at][0, 0]
            found[row, c] = sigmoid(logit + features.offset[row, label].numpy())
    return found


@pytest.mark.parametrize("towers", ["task", "scenario_task"])
def test_probabilities_are_the_formula(towers: str) -> None:
    ranker, rows = made(towers=towers)
    y1, y2, y4, y3 = branches_by_hand(ranker, rows, towers == "scenario_task").T
    converted = y2 * y3 + (1 - y2) * y4
    outputs = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    assert list(outputs) == [output.name for output in GRAPH.outputs]
    wanted = {
        "click": y1,
        "action_given_click": y2,
        "click_and_action": y1 * y2,
        "conversion_given_click": converted,
        "click_and_conversion": y1 * converted,
    }
    for name, values in wanted.items():
        np.testing.assert_allclose(outputs[name], values, atol=1e-6, err_msg=name)
    # The way without a click is not ESM2's, and is added outside of it.
    assert np.all(outputs["conversion"] > outputs["click_and_conversion"])


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_without_a_label_to_decompose_it_is_esmm(labels: int) -> None:
    tasks = task_graph(labels)
    (ranker, rows), (esmm, _) = made(tasks), made(tasks, "esmm")
    assert ranker.supervised_outputs == esmm.supervised_outputs
    esmm.set_weights(ranker.get_weights())
    found, wanted = ranker(tensors(rows)), esmm(tensors(rows))
    assert list(found) == list(wanted)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)


def test_a_conversion_after_a_click_alone_has_one_tower() -> None:
    tasks = sorted_by_parents(
        [Label("click", "is_click"), Label("conversion", "bought", "click", False, ("click",))]
    )
    ranker, _ = made(tasks)
    assert [x.name for x in ranker.architecture.branches] == ["click", "conversion_given_click"]
    assert ranker.supervised_outputs == ("click", "click_and_conversion")


def test_losses_are_cross_entropies_over_all_impressions() -> None:
    ranker, rows = made()
    assert ranker.supervised_outputs == LOSSES
    outputs = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    losses = ranker.test_step(tensors(rows))
    for name in LOSSES:
        y, p = rows[target_key(name)], outputs[name].astype(np.float64)
        entropy = -(y * np.log(p) + (1 - y) * np.log(1 - p))
        wanted = np.mean(rows[weight_key(name)] * entropy)
        assert losses[f"{name}_loss"].numpy() == pytest.approx(wanted, rel=1e-5)
        # No row is left out: those without a click count as much.
        assert np.all(rows[weight_key(name)] > 0)


@pytest.mark.parametrize(
    ("loss", "reached"),
    [
        ("click", ("click",)),
        ("click_and_action", ("click", "action_given_click")),
        ("click_and_conversion", BRANCHES),
    ],
)
def test_a_loss_trains_the_towers_that_its_probability_is_made_of(
    loss: str, reached: tuple[str, ...]
) -> None:
    """On one row that was not clicked: what is composed are predictions, not labels."""
    ranker, rows = made()
    unclicked = np.flatnonzero(rows[target_key("click")] == 0)[:1]
    rows = taken(rows, unclicked)
    bias = weight(ranker, "esm2/towers/last/bias")
    with tf.GradientTape() as tape:
        terms = ranker.loss_terms(tensors(rows), True, tf.constant(1.0))
        value = tf.reduce_sum(terms.supervised[loss])
    trained = tape.gradient(value, bias).numpy()[:, 0, 0] != 0
    assert [b.name for b in ranker.architecture.branches] == list(BRANCHES)
    assert tuple(np.array(BRANCHES)[trained]) == reached


@pytest.mark.parametrize(("loss", "branch"), zip(LOSSES, (0, 1, 3), strict=True))
def test_a_loss_that_weighs_nothing_changes_the_gradient_of_its_tower(
    loss: str, branch: int
) -> None:
    found = []
    for weights in ({}, {loss: 0.0}):
        ranker, rows = made(loss_weights=weights)
        names = [v.name for v in ranker.trainable_variables]
        place = next(i for i, name in enumerate(names) if "esm2/towers/last/bias" in name)
        found.append(step_gradients(ranker, rows)[place].numpy()[branch, 0, 0])
    assert abs(found[0] - found[1]) > 1e-4


def test_rows_train_the_towers_of_their_own_scenario_only() -> None:
    ranker, rows = made(towers="scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] == 1)
    gradients = zip(ranker.trainable_variables, step_gradients(ranker, rows), strict=True)
    towers = [g.numpy() for v, g in gradients if "esm2/towers" in v.name]
    assert len(towers) == 4
    for gradient in towers:
        assert np.all(gradient[[0, 2]] == 0)
        assert np.any(gradient[1] != 0)


def test_both_ways_to_a_conversion_start_at_its_base_rate() -> None:
    rates = {"click": 0.2, "action_given_click": 0.3, "conversion_given_click": 0.1}
    ranker = make_ranker({"name": "esm2"}, tasks=GRAPH, base_rates=rates)
    last = weight(ranker, "esm2/towers/last/kernel")
    last.assign(tf.zeros_like(last))
    rows = tensors(batch(ROWS, ranker.layout, GRAPH))
    found = tf.sigmoid(ranker.architecture.branch_log_odds(ranker.features(rows)))
    np.testing.assert_allclose(found, np.tile([0.2, 0.3, 0.1, 0.1], (ROWS, 1)), rtol=1e-5)


def test_explains_every_branch_by_scenario() -> None:
    ranker, rows = made()
    means, axes = ranker.explain(tensors(rows))["branches"]
    assert [axis.name for axis in axes] == ["scenario", "branch"]
    assert axes[1].entries == BRANCHES
    wanted = branches_by_hand(ranker, rows, False)
    for k in range(3):
        own = wanted[rows[SCENARIO_KEY] == k].mean(0)
        np.testing.assert_allclose(means[k], own, atol=1e-6)


def test_an_unknown_setting_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SettingsError, match="unknown key 'tower_unit'; did you mean 'tower_units'"):
        parse_model_config({"name": "esm2", "tower_unit": [8]})
    with pytest.raises(SettingsError, match="towers"):
        parse_model_config({"name": "esm2", "towers": "scenario"})
