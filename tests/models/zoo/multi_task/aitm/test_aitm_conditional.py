"""What AITM serves as P(label | parent), and what that costs."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from aitm_formula import logit
from made_batches import batch, layout, make_ranker, task_graph, tensors, weight

from models.features.inputs import SCENARIO_KEY, target_key, value_key, weight_key
from models.ranker import Ranker
from models.zoo.multi_task.aitm.conditional_log_odds import at_ceiling, given_parent, in_order

TASKS = task_graph(2)


def log_loss(y: Any, p: Any) -> np.ndarray:
    p = np.asarray(p, np.float64)
    return -np.where(y, np.log(p), np.log1p(-p))


def saying(click: float, action: float, **options: Any) -> tuple[Ranker, dict[str, Any]]:
    """A ranker whose towers say the same of every row: P(click) and P(click, action)."""
    ranker = make_ranker({"name": "aitm", "tower_units": (4,), **options}, tasks=TASKS)
    rows = batch(8, ranker.layout, TASKS)
    weight(ranker, "aitm/last/kernel").assign(tf.zeros([1, 2, 4, 1]))
    started = ranker.architecture.tower_log_odds(ranker.features(tensors(rows)))
    missing = [logit(click) - started["click"][0], logit(action) - started["action"][0]]
    weight(ranker, "aitm/last/bias").assign(np.reshape(missing, (1, 2, 1, 1)))
    return ranker, rows


@pytest.mark.parametrize(
    ("click", "action", "ceiling", "joint", "given", "losses"),
    [
        # In order: the quotient. -log(1 - .4) and -log(.4).
        (0.05, 0.02, 0.95, 0.02, 0.4, (0.5108, 0.9163)),
        # The buyer's tower is above the click's: 95 % of the click, and at most 3 nats.
        (0.05, 0.06, 0.95, 0.0475, 0.95, (2.9957, 0.0513)),
        (0.9, 0.95, 0.95, 0.855, 0.95, (2.9957, 0.0513)),
        # In order, but by less than the ceiling.
        (0.05, 0.049, 0.95, 0.0475, 0.95, (2.9957, 0.0513)),
        (0.05, 0.06, 0.5, 0.025, 0.5, (0.6931, 0.6931)),
        (0.05, 0.049, 0.99, 0.049, 0.98, (3.9120, 0.0202)),
    ],
)
def test_what_is_served_and_its_log_loss_by_hand(
    click: float,
    action: float,
    ceiling: float,
    joint: float,
    given: float,
    losses: tuple[float, float],
) -> None:
    ranker, rows = saying(click, action, conditional_ceiling=ceiling)
    found = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    np.testing.assert_allclose(found["click"], np.full(8, click), rtol=1e-5)
    np.testing.assert_allclose(found["click_and_action"], np.full(8, joint), rtol=1e-5)
    np.testing.assert_allclose(found["action_given_click"], np.full(8, given), rtol=1e-5)
    for y, wanted in zip((0, 1), losses, strict=True):
        np.testing.assert_allclose(
            log_loss(y, found["action_given_click"]), np.full(8, wanted), atol=1e-4
        )
    explained = ranker.explain(tensors(rows))
    present = sorted(set(rows[SCENARIO_KEY]))
    assert np.all(explained["out_of_order"].values[present] == (action > click))
    assert np.all(explained["at_ceiling"].values[present] == (action > ceiling * click))


def test_a_grandchild_is_at_most_a_share_of_what_is_served_of_its_parent() -> None:
    tasks = task_graph(3)
    ranker = make_ranker({"name": "aitm", "tower_units": (4,)}, tasks=tasks)
    rows = tensors(batch(8, ranker.layout, tasks))
    weight(ranker, "aitm/last/kernel").assign(tf.zeros([1, 3, 4, 1]))
    started = ranker.architecture.tower_log_odds(ranker.features(rows))
    bias = [logit(p) - started[x][0] for p, x in ((0.2, "click"), (0.3, "action"))]
    bias.append(logit(0.25) - started["conversion"][0])
    weight(ranker, "aitm/last/bias").assign(np.reshape(bias, (1, 3, 1, 1)))
    found = ranker(rows)
    # Below its parent's tower, above what that is served as: .2 * .95 = .19.
    np.testing.assert_allclose(found["conversion_given_action"], np.full(8, 0.95), rtol=1e-5)
    joint = found["click_and_action_and_conversion"]
    np.testing.assert_allclose(joint, np.full(8, 0.2 * 0.95**2), rtol=1e-5)


def test_the_conditional_of_a_trained_model_is_as_good_as_the_rates_that_the_log_has() -> None:
    """Three scenarios, which differ in clicks and, the other way round, in actions after them."""
    inputs, rows = layout(), {}
    clicks, actions = {0: 60, 1: 40, 2: 20}, {0: 6, 1: 12, 2: 14}
    labels = [(k, place < clicks[k], place < actions[k]) for k in range(3) for place in range(100)]
    scenario, click, action = (np.array(values) for values in zip(*labels, strict=True))
    for field in inputs.fields:
        rows[field.key] = np.zeros(300, np.int64)
    rows[inputs.fields[-1].key] = rows[SCENARIO_KEY] = scenario
    for name in inputs.numeric:
        rows[value_key(name)] = np.zeros(300, np.float32)
    for name, values in (("click", click), ("click_and_action", action)):
        rows[target_key(name)] = values.astype(np.float32)
        rows[weight_key(name)] = np.ones(300, np.float32)
    rows[target_key("action_given_click")] = action.astype(np.float32)
    rows[weight_key("action_given_click")] = click.astype(np.float32)
    rates = {"click": 0.4, "action_given_click": 32 / 120}
    model = {"name": "aitm", "embedding_dim": 4, "tower_units": (16, 8)}
    ranker = make_ranker(model, inputs=inputs, tasks=TASKS, base_rates=rates, learning_rate=0.03)
    data = tensors(rows)
    step = tf.function(ranker.train_step)
    for _ in range(150):
        step(data)
    found = ranker(data)["action_given_click"].numpy()
    own = np.array([actions[k] / clicks[k] for k in scenario])
    np.testing.assert_allclose(found, own, atol=0.01)
    scores = (found, own, np.full(300, 32 / 120))
    losses = [log_loss(action[click], p[click]).mean() for p in scores]
    assert losses[0] == pytest.approx(losses[1], abs=2e-3)
    assert losses[2] > losses[1] + 0.1


def test_the_conditional_is_the_quotient_at_any_size() -> None:
    parent = np.array([-20.0, -6.0, 0.0, 8.0, 30.0])
    for below in (1e-3, 0.5, 4.0, 30.0):
        joint = parent - below
        # So near 1 that no row has it.
        ceiling = 1 - 1e-16
        found = given_parent(
            tf.constant(joint, tf.float32), tf.constant(parent, tf.float32), ceiling
        )
        v, z = parent.astype(np.longdouble), joint.astype(np.longdouble)
        # P(parent) - P(label, parent) over P(label, parent), with nothing cancelled.
        odds = np.exp(z) * (1 + np.exp(-v)) / -np.expm1(z - v)
        wanted = np.minimum(np.log(odds).astype(float), logit(ceiling))
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=3e-3)
        if below > 0.1:
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)


def test_log_odds_that_hold_no_difference_give_the_ceiling() -> None:
    parent = tf.constant([1e6, -1e6, 20.0, 0.0, -20.0])
    for joint in (parent, parent + 1):
        found = given_parent(joint, parent, 0.95)
        np.testing.assert_allclose(found, np.full(5, logit(0.95)), rtol=1e-5)
    # What is served of a grandchild's parent may be rounded to the parent of that.
    found = given_parent(in_order(parent + 1, parent, 0.95), parent, 0.95).numpy()
    assert np.all(found > 2) and np.all(found <= np.float32(logit(0.95)))


def test_only_what_is_above_the_ceiling_is_lowered() -> None:
    p, q = np.array([0.2, 0.475, 0.49, 0.9]), np.array([0.5, 0.5, 0.5, 0.8])
    joint, parent = (tf.constant(logit(x), tf.float32) for x in (p, q))
    found = in_order(joint, parent, 0.96)
    np.testing.assert_allclose(found, logit(np.array([0.2, 0.475, 0.48, 0.768])), rtol=1e-5)
    lowered = at_ceiling(given_parent(joint, parent, 0.96), 0.96)
    np.testing.assert_array_equal(lowered, [False, False, True, True])
