import numpy as np
import pytest
import tensorflow as tf

from models.layers.histories.multi_value import MultiValue
from models.layers.histories.pooling import masked_max, masked_mean
from models.layers.histories.recency import mask_of, newest_first, oldest_first

LENGTHS = np.array([3, 0, 1, 4])
VALUES = np.random.default_rng(0).normal(size=(4, 4, 2)).astype(np.float32)
MASK = np.arange(4) < LENGTHS[:, None]


def test_the_newest_values_come_first_and_zeros_last() -> None:
    indices = tf.constant([[5, 6, 7, 0], [0, 0, 0, 0], [8, 0, 0, 0], [1, 2, 3, 4]], tf.int64)
    wanted = [[7, 6, 5, 0], [0, 0, 0, 0], [8, 0, 0, 0], [4, 3, 2, 1]]
    found = newest_first(indices, tf.constant(LENGTHS))
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == tf.int64
    np.testing.assert_array_equal(mask_of(tf.constant(LENGTHS), 4), MASK)
    turned = tf.cast(found, tf.float32)[:, :, tf.newaxis]
    back = oldest_first(turned, tf.constant(LENGTHS))
    np.testing.assert_array_equal(back[:, :, 0], indices)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_means_and_largest_are_of_what_is_there(dtype: str) -> None:
    values = tf.cast(VALUES, dtype)
    mean, largest = masked_mean(values, tf.constant(MASK)), masked_max(values, tf.constant(MASK))
    assert mean.dtype == largest.dtype == tf.as_dtype(dtype)
    tolerance = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    for row, length in enumerate(LENGTHS):
        there = VALUES[row, :length] if length else np.zeros((1, 2))
        np.testing.assert_allclose(tf.cast(mean[row], tf.float32), there.mean(0), atol=tolerance)
        np.testing.assert_allclose(tf.cast(largest[row], tf.float32), there.max(0), atol=tolerance)


def test_what_is_masked_has_no_gradient() -> None:
    values = tf.constant(VALUES)
    for pool in (masked_mean, masked_max):
        with tf.GradientTape() as tape:
            tape.watch(values)
            pooled = tf.reduce_sum(pool(values, tf.constant(MASK)))
        gradient = tape.gradient(pooled, values).numpy()
        assert np.all(gradient[~MASK] == 0)
        np.testing.assert_allclose(gradient.sum((1, 2)), np.where(LENGTHS > 0, 2, 0), rtol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "sum", "max"])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_of_equal_standing_become_one_embedding(pooling: str, weighted: bool) -> None:
    layer = MultiValue(pooling, 0.1, "tags")
    # What stands behind a row's last value, NaN too, is no weight.
    weights = np.where(MASK, np.arange(1, 17).reshape(4, 4), np.nan).astype(np.float32)
    given = tf.constant(weights) if weighted else None
    found = layer(tf.constant(VALUES), tf.constant(MASK), given).numpy()
    for row, length in enumerate(LENGTHS):
        x = VALUES[row, :length]
        w = weights[row, :length] if weighted else np.ones(length)
        products = w[:, None] * x
        wanted = {
            "mean": lambda products=products, w=w: products.sum(0) / w.sum(),
            "sum": lambda products=products: products.sum(0),
            "max": lambda products=products: products.max(0),
        }[pooling]
        (default,) = layer.weights
        np.testing.assert_allclose(
            found[row], wanted() if length else default.numpy(), rtol=1e-5, atol=1e-6
        )


def test_weights_that_add_up_to_zero_have_a_mean_of_zero() -> None:
    layer = MultiValue("mean", 0.1, "tags")
    found = layer(tf.ones([1, 2, 3]), tf.constant([[True, True]]), tf.constant([[1.0, -1.0]]))
    np.testing.assert_array_equal(found, np.zeros((1, 3)))


@pytest.mark.parametrize("pooling", ["sum", "max"])
def test_weights_that_half_precision_can_not_hold_give_finite_embeddings(pooling: str) -> None:
    layer = MultiValue(pooling, 0.1, "tags")
    values = tf.constant([[[0.25, 1.0, 0.0], [0.5, -1.0, 0.0]]], tf.float16)
    weights = tf.constant([[80_000.0, 0.0]])
    found = layer(values, tf.constant([[True, True]]), weights)
    assert found.dtype == tf.float16
    assert found.numpy().tolist() == [[20_000.0, 65_504.0, 0.0]]
