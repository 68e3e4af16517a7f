"""AITM's losses: cross-entropies of the towers, and the calibrator."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from aitm_formula import by_hand, made
from made_batches import batch, five_branch_graph, make_ranker, task_graph, tensors, weight

from models.features.inputs import target_key, weight_key

CHAIN = task_graph(3)
JOINTS = ("click", "click_and_action", "click_and_action_and_conversion")


def test_each_tower_learns_its_label_and_parents_from_all_impressions() -> None:
    ranker, rows = made(CHAIN)
    assert ranker.supervised_outputs == JOINTS
    y, _ = by_hand(ranker, rows, CHAIN)
    losses = ranker.test_step(tensors(rows))
    for place, joint in enumerate(JOINTS):
        target, p = rows[target_key(joint)], y[:, place]
        entropy = -(target * np.log(p) + (1 - target) * np.log(1 - p))
        name = joint if place == 0 else f"{joint}@tower"
        wanted = np.mean(rows[weight_key(joint)] * entropy)
        assert losses[f"{name}_loss"].numpy() == pytest.approx(wanted, rel=1e-5)
        assert np.all(rows[weight_key(joint)] > 0)


@pytest.mark.parametrize("weight_of", [None, 2.0])
def test_the_calibrator_is_what_a_label_exceeds_its_parent_by(weight_of: float | None) -> None:
    tasks = five_branch_graph()
    options = {} if weight_of is None else {"calibrator_weight": weight_of}
    ranker, rows = made(tasks, **options)
    y, _ = by_hand(ranker, rows, tasks)
    # Both the action and the conversion follow the click.
    above = np.maximum(y[:, 1:] - y[:, :1], 0)
    assert 0 < (above > 0).mean() < 1
    rows_weigh = np.stack(
        [rows[weight_key(f"click_and_{x}")] for x in ("action", "conversion")], axis=1
    )
    wanted = (0.6 if weight_of is None else weight_of) * (rows_weigh * above).sum(1).mean()
    losses = ranker.test_step(tensors(rows))
    assert losses["calibrator_loss"].numpy() == pytest.approx(wanted, rel=1e-5)


def test_a_row_with_an_unknown_label_has_no_part_in_its_calibrator() -> None:
    tasks = task_graph(2)
    ranker, rows = made(tasks, calibrator_weight=1.0)
    weights = rows[weight_key("click_and_action")].copy()
    y, _ = by_hand(ranker, rows, tasks)
    above = np.maximum(y[:, 1] - y[:, 0], 0)
    unknown = np.flatnonzero(above)[::2]
    weights[unknown] = 0
    # The click is known all the same.
    assert np.all(rows[weight_key("click")] > 0) and above[weights > 0].any()
    rows[weight_key("click_and_action")] = weights
    wanted = (weights * above).mean()
    losses = ranker.test_step(tensors(rows))
    assert losses["calibrator_loss"].numpy() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("weights", "factors"),
    [
        ({"click_and_action": 10.0}, (10, 1)),
        ({"click_and_action": 0.0}, (0, 1)),
        # A parent's weight counts for nothing unless it has no loss at all.
        ({"click": 3.0}, (1, 1)),
        ({"click": 0.0}, (0, 0)),
    ],
)
def test_the_calibrator_counts_as_the_label_s_loss(
    weights: dict[str, float], factors: tuple[int, int]
) -> None:
    tasks = five_branch_graph()
    ranker, rows = made(tasks, calibrator_weight=1.0, loss_weights=weights)
    y, _ = by_hand(ranker, rows, tasks)
    parts = [
        rows[weight_key(f"click_and_{x}")] * np.maximum(y[:, place] - y[:, 0], 0)
        for place, x in ((1, "action"), (2, "conversion"))
    ]
    wanted = np.mean(np.dot(factors, parts))
    losses = ranker.test_step(tensors(rows))
    assert ("calibrator_loss" in losses) == any(factors)
    if any(factors):
        assert losses["calibrator_loss"].numpy() == pytest.approx(wanted, rel=1e-5)
    # It is in the loss with no further factor.
    supervised = {x: 1.0 for x in ("click", "click_and_action", "click_and_conversion")} | weights
    total = losses["penalty"] + losses.get("calibrator_loss", 0.0)
    total += losses["conversion_without_click_loss"]
    for name, factor in supervised.items():
        total += factor * losses[f"{name}_loss" if name == "click" else f"{name}@tower_loss"]
    assert losses["loss"].numpy() == pytest.approx(float(total), rel=1e-5)


def bias_gradients(ranker: Any, rows: dict[str, Any]) -> np.ndarray:
    bias = weight(ranker, "aitm/last/bias")
    with tf.GradientTape() as tape:
        count = tf.constant(float(len(next(iter(rows.values())))))
        loss = ranker.loss_terms(tensors(rows), True, count).total(count)
    return tape.gradient(loss, bias).numpy()[0, :, 0, 0]


def test_the_calibrator_lowers_the_label_and_raises_its_parent() -> None:
    tasks = task_graph(2)
    found = []
    for calibrator_weight in (0.6, 0.0):
        ranker, rows = made(tasks, calibrator_weight=calibrator_weight)
        bias = weight(ranker, "aitm/last/bias")
        bias.assign(tf.constant([-1.0, 1.0], shape=bias.shape))
        assert ("calibrator_loss" in ranker.test_step(tensors(rows))) == (calibrator_weight > 0)
        found.append(bias_gradients(ranker, rows))
    y, _ = by_hand(ranker, rows, tasks)
    broken = y[:, 1] > y[:, 0]
    assert broken.any()
    slopes = rows[weight_key("click_and_action")][:, None] * y * (1 - y) * broken[:, None]
    wanted = 0.6 * slopes.mean(0) * [-1, 1]
    np.testing.assert_allclose(found[0] - found[1], wanted, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("place", range(3))
def test_a_loss_that_weighs_nothing_changes_the_gradient_of_its_tower(place: int) -> None:
    found = []
    for weights in ({}, {JOINTS[place]: 0.0}):
        ranker, rows = made(CHAIN, loss_weights=weights, calibrator_weight=0.0)
        found.append(bias_gradients(ranker, rows)[place])
    assert abs(found[0]) > 1e-4
    assert found[1] == 0


def test_the_child_s_loss_trains_the_parent_s_tower() -> None:
    """No gradient is stopped at what is passed on."""
    ranker, rows = made(task_graph(2))
    kernel = weight(ranker, "aitm/towers/dense_0/kernel")
    with tf.GradientTape() as tape:
        terms = ranker.loss_terms(tensors(rows), True, tf.constant(20.0))
        loss = tf.reduce_sum(terms.supervised["click_and_action@tower"])
    gradient = tape.gradient(loss, kernel).numpy()[0]
    assert np.any(gradient[0] != 0) and np.any(gradient[1] != 0)


def test_a_step_lowers_what_contradicts() -> None:
    ranker = make_ranker(
        {"name": "aitm", "embedding_dim": 4, "tower_units": (6, 4), "calibrator_weight": 50.0},
        tasks=task_graph(2),
        learning_rate=0.05,
    )
    bias = weight(ranker, "aitm/last/bias")
    bias.assign(tf.constant([-1.0, 1.0], shape=bias.shape))
    rows = tensors(batch(64, ranker.layout, task_graph(2)))
    losses = [ranker.train_step(rows)["calibrator_loss"].numpy() for _ in range(12)]
    assert losses[0] > 1
    assert losses[-1] < 0.1 * losses[0]
