"""Load, entropy and dead experts of gates, by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from models.layers.gate_use import DEAD_LOAD, gate_use, row_use


def use_of(weights: np.ndarray):
    """Of gates [B, ..., E]."""
    return gate_use(row_use(tf.constant(weights, tf.float32)).numpy().mean(0))


def test_load_entropy_and_balance_by_hand() -> None:
    choosing = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    even = [[0.5, 0.5]] * 4
    stuck = [[1.0, 0.0]] * 4
    some = [[0.75, 0.25]] * 4
    use = use_of(np.stack([choosing, even, stuck, some], axis=1))
    np.testing.assert_allclose(use.load, [[0.5, 0.5], [0.5, 0.5], [1, 0], [0.75, 0.25]])
    np.testing.assert_allclose(use.reached, [[0.5, 0.5], [1, 1], [1, 0], [1, 0]])
    quarter = -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25))
    np.testing.assert_allclose(use.entropy, [0, 1, 0, quarter], atol=1e-6)
    np.testing.assert_allclose(use.balance, [1, 1, 0, quarter], atol=1e-6)
    np.testing.assert_array_equal(
        use.dead, [[False, False], [False, False], [False, True], [False, False]]
    )


def test_an_expert_of_few_rows_is_not_dead_and_one_of_all_rows_a_little_is() -> None:
    rows = 1_000
    rare = np.zeros([rows, 4])
    rare[:, 0] = 1.0
    rare[0] = [0.0, 1.0, 0.0, 0.0]  # One row in a thousand needs the second expert.
    rare[:, 2] = 0.9 * DEAD_LOAD / 4
    rare[:, 3] = 1.1 * DEAD_LOAD / 4
    rare[:, 0] -= rare[:, 2] + rare[:, 3]
    use = use_of(rare)
    assert use.load[1] < DEAD_LOAD / 4
    np.testing.assert_array_equal(use.dead, [False, False, True, False])


def test_one_expert_is_even_and_alive() -> None:
    use = use_of(np.ones([5, 3, 1]))
    np.testing.assert_array_equal(use.entropy, np.ones(3))
    np.testing.assert_array_equal(use.balance, np.ones(3))
    assert not use.dead.any()


def test_equal_weights_reach_every_expert_whatever_their_number() -> None:
    for experts in range(2, 12):
        use = use_of(np.full([3, experts], np.float32(1) / np.float32(experts)))
        np.testing.assert_array_equal(use.reached, np.ones(experts))


def test_means_of_parts_are_the_mean_of_all_and_there_is_no_gradient() -> None:
    logits = tf.Variable(np.random.default_rng(0).normal(size=[6, 2, 3]), dtype=tf.float32)
    with tf.GradientTape() as tape:
        rows = row_use(tf.nn.softmax(logits))
        total = tf.reduce_sum(rows)
    assert tape.gradient(total, logits) is None
    halves = (rows.numpy()[:2].mean(0) * 2 + rows.numpy()[2:].mean(0) * 4) / 6
    for part, whole in zip(gate_use(halves), gate_use(rows.numpy().mean(0)), strict=True):
        np.testing.assert_allclose(part, whole, rtol=1e-6)


def test_without_rows_nothing_is_said() -> None:
    with pytest.warns(RuntimeWarning):
        use = gate_use(row_use(tf.zeros([0, 2])).numpy().mean(0))
    assert np.all(np.isnan(use.load)) and np.isnan(use.entropy) and not use.dead.any()
