"""The softmax of layers against TensorFlow's, and what that one does not hold."""

import numpy as np
import pytest
import tensorflow as tf

from models.layers.softmax import softmax

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [-1, 1, 0])
def test_it_is_tensorflows_and_so_is_its_gradient(axis: int) -> None:
    logits = tf.constant(RANDOM.normal(scale=30, size=(5, 4, 6)))
    weights = tf.constant(RANDOM.normal(size=(5, 4, 6)))
    found = []
    for function in (softmax, tf.nn.softmax):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            shares = function(logits, axis=axis)
            loss = tf.reduce_sum(shares * weights)
        found.append((shares, tape.gradient(loss, logits)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-12)


def test_masked_logits_get_nothing_and_large_ones_stay_finite() -> None:
    shares = softmax(tf.constant([[1e4, -1e9, 1e4], [-1e9, -1e9, 3.0]]))
    np.testing.assert_array_equal(shares, [[0.5, 0, 0.5], [0, 0, 1]])


def test_a_mask_takes_weights_away_and_leaves_those_of_the_others() -> None:
    logits = tf.constant([[2.0, 5.0, -1.0, 0.5], [3.0, -2.0, 4.0, 1.0]])
    mask = tf.constant([[True, False, True, True], [False, False, False, False]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        shares = softmax(logits, mask=mask)
        loss = tf.reduce_sum(shares * [1.0, 2.0, 3.0, 4.0])
    powers = np.exp([2.0, -1.0, 0.5])
    np.testing.assert_allclose(shares[0].numpy()[[0, 2, 3]], powers / powers.sum(), rtol=1e-6)
    assert shares[0, 1] == 0
    np.testing.assert_array_equal(shares[1], [0.25] * 4)
    gradient = tape.gradient(loss, logits).numpy()
    assert gradient[0, 1] == 0 and not gradient[1].any() and np.isfinite(gradient).all()
    assert np.all(gradient[0, [0, 2, 3]] != 0)


def test_equal_rows_are_equal_wherever_they_stand() -> None:
    distinct = RANDOM.normal(size=(40, 4, 4)).astype(np.float32)
    first = np.full(distinct.shape, np.nan, np.float32)
    for _ in range(60):
        which = RANDOM.integers(0, 40, 256)
        shares = softmax(tf.constant(distinct[which])).numpy()
        new = np.isnan(first[which])
        first[which] = np.where(new, shares, first[which])
        np.testing.assert_array_equal(shares, first[which])
