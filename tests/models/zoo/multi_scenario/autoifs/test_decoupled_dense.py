from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models.precision import precision
from models.zoo.multi_scenario.autoifs.decoupled_dense import DecoupledDense

RANDOM = np.random.default_rng(2)
INPUTS = RANDOM.normal(size=(6, 4)).astype(np.float32)
OWN = np.array([0, 2, 1, 2, 0, 2])


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def made(units: tuple[int, ...], last_bias: bool = True) -> DecoupledDense:
    layer = DecoupledDense(3, units, rank=2, last_bias=last_bias, name="unit")
    layer(tf.constant(INPUTS))
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    return layer


def weights(layer: DecoupledDense, part: str, index: int) -> dict[str, Any]:
    found = [v for v in layer.weights if f"{part}_{index}/" in v.name]
    return {v.name.split("/")[-1].split(":")[0]: v.numpy() for v in found}


def by_hand(layer: DecoupledDense, depth: int, member: int | None) -> np.ndarray:
    """The network of dense kernels W, or W + A B of a member."""
    hidden = INPUTS
    for index in range(depth):
        shared, private = weights(layer, "shared", index), weights(layer, "private", index)
        kernel, bias = shared["kernel"], shared["bias"]
        if member is not None:
            kernel = kernel + private["down"][member] @ private["up"][member]
            bias = bias + private["bias"][member]
        hidden = (relu(hidden) if index else hidden) @ kernel + bias
    return hidden


@pytest.mark.parametrize("units", [(5,), (5, 3), (7, 6, 3)])
def test_shared_and_private_parts_are_the_formula(units: tuple[int, ...]) -> None:
    layer, depth = made(units), len(units)
    base = by_hand(layer, depth, None)
    differences = np.stack([by_hand(layer, depth, n) - base for n in range(3)])
    for found in (layer.shared(tf.constant(INPUTS)), layer(tf.constant(INPUTS))[0]):
        np.testing.assert_allclose(found, base, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer.private(tf.constant(INPUTS)), differences, atol=2e-4)
    some = layer.private(tf.constant(INPUTS), members=[2, 0])
    np.testing.assert_allclose(some, differences[[2, 0]], atol=2e-4)
    own = layer.private(tf.constant(INPUTS), own=tf.one_hot(OWN, 3))
    np.testing.assert_allclose(own, differences[OWN, range(6)], atol=2e-4)


@pytest.mark.parametrize("units", [(5,), (5, 3)])
def test_private_parts_start_at_exactly_zero_and_with_gradients(units: tuple[int, ...]) -> None:
    layer = DecoupledDense(3, units, rank=2)
    with tf.GradientTape() as tape:
        private = layer.private(tf.constant(INPUTS), own=tf.one_hot(OWN, 3))
        loss = tf.reduce_sum(private)
    assert np.all(private.numpy() == 0)
    ups = [v for v in layer.trainable_variables if "/up" in v.name]
    assert len(ups) == len(units)
    assert all(np.any(g.numpy() != 0) for g in tape.gradient(loss, ups))


def test_the_last_bias_can_be_left_out() -> None:
    layer = made((5, 1), last_bias=False)
    assert set(weights(layer, "shared", 1)) == {"kernel"}
    assert set(weights(layer, "private", 1)) == {"down", "up"}
    assert set(weights(layer, "shared", 0)) == {"kernel", "bias"}


def test_the_last_layer_is_float32_in_half_precision() -> None:
    with precision("mixed_bfloat16"):
        layer = DecoupledDense(3, (5, 3), rank=2)
        shared, private = layer(tf.cast(INPUTS, tf.bfloat16), own=tf.one_hot(OWN, 3))
    assert (shared.dtype, private.dtype) == (tf.float32, tf.float32)
