import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.low_rank_dense import LowRankDense

RANDOM = np.random.default_rng(4)
K, B, IN, OUT, RANK = 3, 5, 40, 30, 4
INPUTS = RANDOM.normal(size=(K, B, IN)).astype(np.float32)


def made(stack: tuple[int, ...] = (K,), **options: float) -> LowRankDense:
    layer = LowRankDense(stack, OUT, RANK, **options)
    layer.build(tf.TensorShape([None] * len(stack) + [None, IN]))
    return layer


@pytest.mark.parametrize("stack", [(K,), (K, 2)])
def test_layers_are_a_common_kernel_and_deviations_of_a_low_rank(stack: tuple[int, ...]) -> None:
    layer = made(stack)
    layer.bias.assign(RANDOM.normal(size=layer.bias.shape))
    common, down, up = (v.numpy() for v in (layer.common, layer.down, layer.up))
    assert common.shape == (1, *stack[1:], IN, OUT)
    assert (down.shape, up.shape) == ((*stack, IN, RANK), (*stack, RANK, OUT))
    inputs = INPUTS if len(stack) == 1 else INPUTS[:, None]
    found = layer(inputs).numpy()
    for place in np.ndindex(*stack):
        kernel = common[(0, *place[1:])] + down[place] @ up[place]
        wanted = np.maximum(INPUTS[place[0]] @ kernel + layer.bias.numpy()[place], 0)
        np.testing.assert_allclose(found[place], wanted, rtol=1e-4, atol=1e-5)


def test_layers_differ_at_first_by_a_fifth_of_the_common_kernel() -> None:
    layer = made()
    kernels, common = layer.kernels().numpy(), layer.common.numpy()
    assert common.std() == pytest.approx(np.sqrt(2 / (IN + OUT)), rel=0.05)
    for s in range(K):
        assert (kernels[s] - common[0]).std() == pytest.approx(common.std() / 5, rel=0.2)
    # The factors are drawn apart from each other.
    down, up = layer.down.numpy().ravel(), layer.up.numpy().ravel()
    assert abs(np.corrcoef(down[: up.size], up[: down.size])[0, 1]) < 0.2
    assert np.linalg.matrix_rank(kernels[0] - common[0], tol=1e-3) == RANK


def test_rows_train_the_deviation_of_their_own_and_the_common_kernel() -> None:
    layer = made()
    mask = np.zeros((K, B, 1), np.float32)
    mask[1, 2:] = 1
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(INPUTS), tf.constant(mask)) ** 2)
    common, down, up = tape.gradient(loss, [layer.common, layer.down, layer.up])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(np.stack([INPUTS[1, 2:]] * K)))[1] ** 2)
    wanted = tape.gradient(loss, [layer.common, layer.down, layer.up])
    np.testing.assert_allclose(common, wanted[0], rtol=1e-4, atol=1e-4)
    for found, value in zip((down, up), wanted[1:], strict=True):
        np.testing.assert_allclose(found[1], value[1], rtol=1e-4, atol=1e-4)
        assert np.all(found.numpy()[[0, 2]] == 0)


def test_factors_are_held_back() -> None:
    layer = made(kernel_l2=0.5, deviation_l2=0.25)
    layer(INPUTS)
    squares = [float((v.numpy() ** 2).sum()) for v in (layer.common, layer.down, layer.up)]
    wanted = 0.5 * squares[0] + 0.25 * (squares[1] + squares[2])
    assert float(sum(layer.losses)) == pytest.approx(wanted, rel=1e-5)
    assert made().losses == []
