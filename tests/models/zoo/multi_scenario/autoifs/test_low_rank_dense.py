import math

import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.autoifs.low_rank_dense import LowRankDense

RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.normal(size=(6, 4)).astype(np.float32)
OWN = np.array([0, 2, 1, 2, 0, 2])


def made(use_bias: bool = True) -> LowRankDense:
    layer = LowRankDense(3, 5, rank=2, use_bias=use_bias)
    layer.build((None, 4))
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    return layer


def by_hand(layer: LowRankDense, inputs: np.ndarray, member: int) -> np.ndarray:
    kernel = layer.down.numpy()[member] @ layer.up.numpy()[member]
    return inputs @ kernel + layer.bias.numpy()[member]


def test_every_row_gets_its_own_member() -> None:
    layer = made()
    found = layer(tf.constant(INPUTS), own=tf.one_hot(OWN, 3)).numpy()
    for row, member in enumerate(OWN):
        np.testing.assert_allclose(
            found[row], by_hand(layer, INPUTS[row], member), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("members", [None, (2,), (0, 2)])
def test_members_apply_to_one_input_and_to_one_each(members: tuple[int, ...] | None) -> None:
    layer = made()
    chosen = range(3) if members is None else members
    wanted = np.stack([by_hand(layer, INPUTS, n) for n in chosen])
    shared = layer(tf.constant(INPUTS), members=members)
    np.testing.assert_allclose(shared, wanted, rtol=1e-4, atol=1e-5)
    stacked = np.stack([INPUTS * (n + 1) for n in chosen])
    wanted = np.stack([by_hand(layer, x, n) for x, n in zip(stacked, chosen, strict=True)])
    np.testing.assert_allclose(
        layer(tf.constant(stacked), members=members), wanted, rtol=1e-4, atol=1e-5
    )


def test_other_members_get_no_gradient() -> None:
    layer = made()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(INPUTS), own=tf.one_hot([0, 2, 0, 2, 0, 2], 3)) ** 2)
    for gradient in tape.gradient(loss, layer.trainable_variables):
        assert np.all(gradient.numpy()[1] == 0)
        assert np.all(np.any(gradient.numpy()[[0, 2]] != 0, axis=(1, *range(2, gradient.ndim))))


def test_it_starts_as_the_zero_function_with_the_codes_deviation() -> None:
    layer = LowRankDense(3, 256, rank=2)
    outputs = layer(tf.constant(RANDOM.normal(size=(4, 512))), own=tf.one_hot([0, 1, 2, 0], 3))
    assert np.all(outputs.numpy() == 0)
    down = layer.down.numpy()
    assert down.std() == pytest.approx(0.0441, rel=0.04)
    assert down.std() == pytest.approx(math.sqrt(2 / ((512 + 3) * 2)), rel=0.04)
    assert sum(v.shape.num_elements() for v in layer.weights) == 3 * (512 * 2 + 2 * 256 + 256)


def test_without_bias_it_is_linear() -> None:
    layer = made(use_bias=False)
    assert len(layer.weights) == 2
    own = tf.one_hot(OWN, 3)
    once, twice = (layer(tf.constant(INPUTS * f), own=own).numpy() for f in (1, 2))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-5)


def test_kernel_l2_is_on_both_factors() -> None:
    layer = LowRankDense(2, 3, rank=1, kernel_l2=0.1)
    layer.build((None, 4))
    layer.up.assign(tf.ones_like(layer.up))
    wanted = 0.1 * ((layer.down.numpy() ** 2).sum() + 6)
    np.testing.assert_allclose(sum(layer.losses), wanted, rtol=1e-5)
