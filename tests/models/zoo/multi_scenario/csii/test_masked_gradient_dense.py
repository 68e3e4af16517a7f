import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.masked_gradient_dense import MaskedGradientDense

RANDOM = np.random.default_rng(3)
OWNERS = np.array([0, 2, 0, 2, 2])
LEARNERS = np.equal(np.arange(3)[:, None], OWNERS).astype(np.float32)[..., None]


def gradients(
    layer: MaskedGradientDense, inputs: np.ndarray, gradient_mask: np.ndarray | None
) -> list:
    fixed = tf.constant(inputs)
    with tf.GradientTape() as tape:
        tape.watch(fixed)
        loss = tf.reduce_sum(layer(fixed, gradient_mask) ** 3)
    found = tape.gradient(loss, [fixed, *layer.trainable_variables])
    return [x.numpy() for x in found]


def test_only_own_rows_train_a_kernel_and_all_rows_pass_on_their_gradient() -> None:
    layer = MaskedGradientDense((3,), 2, "relu")
    inputs = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    layer(inputs)
    layer.bias.assign(RANDOM.normal(size=(3, 1, 2)))
    np.testing.assert_array_equal(layer(inputs, LEARNERS), layer(inputs))
    plain, owned = gradients(layer, inputs, None), gradients(layer, inputs, LEARNERS)
    np.testing.assert_allclose(owned[0], plain[0], rtol=1e-6)
    for s in range(3):
        mine = np.equal(OWNERS, s)
        # The plain gradient of the rows that own kernel s, by themselves.
        alone = gradients(layer, np.where(mine[:, None], inputs, 0), None)
        bias = layer.bias.numpy()[s, 0]
        constant = (~mine).sum() * 3 * np.maximum(bias, 0) ** 2
        np.testing.assert_allclose(owned[1][s], alone[1][s], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(owned[2][s, 0], alone[2][s, 0] - constant, rtol=1e-4, atol=1e-4)
    assert np.all(owned[1][1] == 0)
    assert np.any(owned[1][0] != 0)


def test_an_input_that_several_kernels_share_gets_the_sum_of_their_gradients() -> None:
    layer = MaskedGradientDense((3, 2), 4, None)
    inputs = RANDOM.normal(size=(3, 1, 5, 4)).astype(np.float32)
    layer(inputs)
    plain = gradients(layer, inputs, None)
    owned = gradients(layer, inputs, np.ones((3, 1, 5, 1), np.float32))
    for one, other in zip(plain, owned, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision(dtype: str) -> None:
    layer = MaskedGradientDense((3,), 2, None, dtype=dtype)
    inputs = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)
    full, kernel, bias = gradients(layer, inputs, LEARNERS)
    assert (full.dtype, kernel.dtype, bias.dtype) == (np.float32,) * 3
    assert np.all(kernel[1] == 0)
    assert np.any(kernel[2] != 0)


def test_pooled_kernels_are_trained_by_the_chosen_rows_too() -> None:
    layer = MaskedGradientDense((2,), 1, None, deviation_l2=0.0)
    inputs = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    gradient_mask = np.array([[[1.0], [0.0]], [[0.0], [0.0]]], np.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(tf.constant(inputs), tf.constant(gradient_mask)))
    common, deviation = tape.gradient(total, [layer.common, layer.deviation])
    np.testing.assert_array_equal(deviation[0, :, 0], inputs[0, 0])
    np.testing.assert_array_equal(deviation[1], np.zeros((2, 1)))
    np.testing.assert_array_equal(common[0, :, 0], inputs[0, 0])
