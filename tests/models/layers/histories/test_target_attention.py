import numpy as np
import pytest
import tensorflow as tf

from models.layers.histories.target_attention import TargetAttention

B, L, D, C, UNITS = 6, 4, 3, 2, 5
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.normal(size=(B, L, D + C)).astype(np.float32)
QUERY = RANDOM.normal(size=(B, D)).astype(np.float32)
MASK = np.arange(L) < np.array([4, 0, 1, 3, 2, 4])[:, None]


def unit(**options: float) -> TargetAttention:
    layer = TargetAttention(UNITS, **options)
    layer((tf.constant(VALUES), tf.constant(QUERY)), tf.constant(MASK))
    return layer


def formula(layer: TargetAttention) -> np.ndarray:
    """The unit as published: one perceptron on all its inputs side by side, value by value."""
    named = {v.name.split("/")[-1].removesuffix(":0"): v.numpy() for v in layer.weights}
    found = np.zeros((B, L))
    for row in range(B):
        for r in range(L):
            k, c, q = VALUES[row, r, :D], VALUES[row, r, D:], QUERY[row]
            kernels = [named["kernel"], named["query_kernel"], named["product_kernel"]]
            inputs = np.concatenate([k, c, q, q * k])
            hidden = inputs @ np.concatenate(kernels) + named["position"][r]
            score = np.maximum(hidden, 0) @ named["last_kernel"][:, 0] + named["bias"][0]
            found[row, r] = score if MASK[row, r] else 0
    return found


def test_weights_are_those_of_the_unit_value_by_value() -> None:
    layer = unit()
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    found = layer((tf.constant(VALUES), tf.constant(QUERY)), tf.constant(MASK))
    np.testing.assert_allclose(found, formula(layer), rtol=1e-5, atol=1e-5)


def test_an_untrained_unit_weighs_all_values_of_no_embedding_alike() -> None:
    layer = unit()
    found = layer((tf.zeros([B, L, D + C]), tf.zeros([B, D])), tf.constant(MASK))
    np.testing.assert_allclose(found, np.where(MASK, 0.5, 0))


def test_the_kernels_are_one_glorot_layer_and_are_held_back() -> None:
    layer = unit(kernel_l2=0.1)
    limit = np.sqrt(6 / (3 * D + C + UNITS))
    kernels = [v.numpy() for v in layer.weights if "kernel" in v.name]
    first = np.concatenate([x.ravel() for x in kernels if x.shape != (UNITS, 1)])
    assert limit * 0.8 < np.abs(first).max() <= limit
    assert len(np.unique(first)) == first.size
    wanted = 0.1 * sum((x**2).sum() for x in kernels)
    np.testing.assert_allclose(sum(x.numpy() for x in layer.losses), wanted, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_close_and_its_weights_are_float32(dtype: str) -> None:
    layer = unit()
    exact = layer((tf.constant(VALUES), tf.constant(QUERY)), tf.constant(MASK))
    found = layer((tf.cast(VALUES, dtype), tf.cast(QUERY, dtype)), tf.constant(MASK))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, exact, atol=0.05)
