import math

import numpy as np
import pytest
import tensorflow as tf

from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP

RANDOM = np.random.default_rng(3)


def test_every_layer_of_the_stack_has_its_own_kernel_and_input() -> None:
    inputs = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    layer = StackedDense((3,), 2, activation="relu")
    layer.build(inputs.shape)
    layer.bias.assign(RANDOM.normal(size=(3, 1, 2)))
    kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
    wanted = np.stack([np.maximum(inputs[s] @ kernel[s] + bias[s], 0) for s in range(3)])
    np.testing.assert_allclose(layer(inputs), wanted, rtol=1e-5, atol=1e-6)


def test_a_shared_input_is_broadcast_over_the_stack() -> None:
    inputs = RANDOM.normal(size=(1, 2, 5, 4)).astype(np.float32)
    layer = StackedDense((3, 2), 6, activation=None)
    outputs = layer(inputs).numpy()
    assert outputs.shape == (3, 2, 5, 6)
    for k in range(3):
        wanted = inputs[0, 1] @ layer.kernel.numpy()[k, 1]
        np.testing.assert_allclose(outputs[k, 1], wanted, rtol=1e-4, atol=1e-5)


def test_kernels_are_drawn_slice_by_slice() -> None:
    layer = StackedDense((50,), 64)
    layer.build((50, 1, 32))
    limit = math.sqrt(6 / (32 + 64))
    kernel = layer.kernel.numpy()
    assert np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.02)


def test_kernel_l2_is_a_scalar_penalty() -> None:
    layer = StackedDense((2,), 3, kernel_l2=0.1)
    layer.build((2, 1, 4))
    (penalty,) = layer.losses
    assert penalty.shape.rank == 0
    np.testing.assert_allclose(penalty, 0.1 * (layer.kernel.numpy() ** 2).sum(), rtol=1e-5)


def test_pooled_layers_start_alike_and_go_apart() -> None:
    layer = StackedDense((3, 2), 4, activation=None, kernel_l2=0.1, deviation_l2=0.5)
    inputs = RANDOM.normal(size=(1, 1, 5, 4)).astype(np.float32)
    outputs = layer(inputs).numpy()
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.any(outputs[0, 0] != outputs[0, 1])  # Pooled along the first axis only.
    deviation = RANDOM.normal(size=(3, 2, 4, 4)).astype(np.float32)
    layer.deviation.assign(deviation)
    kernels = layer.common.numpy() + deviation
    np.testing.assert_allclose(layer(inputs), inputs @ kernels, rtol=1e-4, atol=1e-5)
    wanted = [0.1 * (layer.common.numpy() ** 2).sum(), 0.5 * (deviation**2).sum()]
    np.testing.assert_allclose(sorted(layer.losses), sorted(wanted), rtol=1e-5)


def test_rows_of_one_layer_move_what_is_common_and_its_own_deviation() -> None:
    layer = StackedDense((3,), 2, activation=None, deviation_l2=0.0)
    inputs = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(inputs)[1])
    common, deviation = tape.gradient(total, [layer.common, layer.deviation])
    wanted = np.repeat(inputs[1].sum(0)[:, None], 2, axis=1)
    np.testing.assert_allclose(deviation[1], wanted, rtol=1e-5)
    np.testing.assert_allclose(common[0], wanted, rtol=1e-5)
    assert np.all(deviation.numpy()[[0, 2]] == 0)
    assert layer.losses == []


def test_layers_that_multiply_start_alike_and_are_held_back_to_one() -> None:
    layer = StackedDense(
        (3, 2), 4, activation=None, kernel_l2=0.1, deviation_l2=0.5, combine="product"
    )
    inputs = RANDOM.normal(size=(1, 1, 5, 4)).astype(np.float32)
    outputs = layer(inputs).numpy()
    np.testing.assert_array_equal(outputs[0], outputs[1])
    np.testing.assert_allclose(
        outputs[2], inputs[0] @ layer.common.numpy()[0], rtol=1e-4, atol=1e-5
    )
    assert np.all(layer.factor.numpy() == 1)
    ridge = 0.1 * (layer.common.numpy() ** 2).sum()
    np.testing.assert_allclose(sorted(layer.losses), [0, ridge], rtol=1e-5)
    for variable in (layer.factor, layer.bias, layer.common_bias):
        variable.assign(RANDOM.normal(size=variable.shape))
    factor, bias, common = (x.numpy() for x in (layer.factor, layer.bias, layer.common_bias))
    assert (bias.shape, common.shape) == ((3, 2, 1, 4), (1, 2, 1, 4))
    for k in range(3):
        for c in range(2):
            kernel = layer.common.numpy()[0, c] * factor[k, c]
            wanted = inputs[0, 0] @ kernel + bias[k, c] + common[0, c]
            np.testing.assert_allclose(layer(inputs)[k, c], wanted, rtol=1e-4, atol=1e-5)
    penalties = sorted([ridge, 0.5 * ((factor - 1) ** 2).sum()])
    np.testing.assert_allclose(sorted(layer.losses), penalties, rtol=1e-5)


def test_rows_of_one_layer_move_its_own_factor_only() -> None:
    layer = StackedDense((3,), 2, activation=None, combine="product")
    inputs = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    layer.build(inputs.shape)
    layer.factor.assign(RANDOM.normal(size=(3, 4, 2)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(inputs)[1])
    variables = [layer.common, layer.factor, layer.common_bias, layer.bias]
    common, factor, common_bias, bias = (x.numpy() for x in tape.gradient(total, variables))
    sums = inputs[1].sum(0)[:, None]
    np.testing.assert_allclose(factor[1], sums * layer.common.numpy()[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(common[0], sums * layer.factor.numpy()[1], rtol=1e-4, atol=1e-6)
    assert np.all(common_bias == 5) and np.all(bias[1] == 5)
    assert not np.any(factor[[0, 2]]) and not np.any(bias[[0, 2]])
    assert layer.losses == []  # Nothing holds them back without `deviation_l2`.


def test_one_layer_has_nothing_to_multiply() -> None:
    layer = StackedDense((), 2, combine="product")
    layer.build((5, 4))
    assert [v.shape.as_list() for v in layer.weights] == [[4, 2], [1, 2]]


def test_an_mlp_multiplies_in_every_layer() -> None:
    layer = StackedMLP((2,), (8, 3), deviation_l2=0.1, combine="product")
    layer(RANDOM.normal(size=(1, 5, 4)))
    shapes = [v.shape.as_list() for v in layer.weights if "factor" in v.name]
    assert shapes == [[2, 4, 8], [2, 8, 3]]


def test_an_mlp_is_its_layers_in_turn() -> None:
    inputs = RANDOM.normal(size=(5, 4)).astype(np.float32)
    layer = StackedMLP((), (8, 3))
    outputs = layer(inputs)
    hidden = inputs
    for kernel in (v.numpy() for v in layer.trainable_variables if "kernel" in v.name):
        hidden = np.maximum(hidden @ kernel, 0)
    np.testing.assert_allclose(outputs, hidden, rtol=1e-5, atol=1e-6)


def test_an_mlp_without_layers_returns_its_input() -> None:
    inputs = tf.constant(RANDOM.normal(size=(5, 4)))
    np.testing.assert_array_equal(StackedMLP((2,), ())(inputs), tf.cast(inputs, tf.float32))


def test_dropout_drops_in_training_only_and_keeps_the_mean() -> None:
    layer = StackedMLP((), (2000,), dropout=0.4)
    inputs = tf.ones((20, 4))
    plain, dropped = layer(inputs).numpy(), layer(inputs, training=True).numpy()
    alive = plain > 0
    assert (dropped[alive] == 0).mean() == pytest.approx(0.4, abs=0.02)
    kept = alive & (dropped > 0)
    np.testing.assert_allclose(dropped[kept], plain[kept] / 0.6, rtol=1e-5)
