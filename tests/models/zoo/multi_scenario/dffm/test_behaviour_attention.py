"""The attention over histories that target and domain make."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from models.precision import precision
from models.zoo.multi_scenario.dffm.behaviour_attention import BehaviourAttention

B, L, W, H, D, M = 5, 3, 4, 2, 3, 2
VALUES = np.random.default_rng(0).normal(size=(B, L, W)).astype(np.float32)
OF_ROW = np.random.default_rng(1).normal(size=(B, D, M)).astype(np.float32)
LENGTHS = np.array([3, 0, 1, 2, 3])
MASK = np.arange(L) < LENGTHS[:, None]


def attention(random: bool = True) -> BehaviourAttention:
    layer = BehaviourAttention(H, D, M)
    layer((VALUES, OF_ROW), MASK)
    if random:
        for seed, variable in enumerate(layer.trainable_variables):
            values = np.random.default_rng(seed).normal(scale=0.7, size=variable.shape)
            variable.assign(values)
    return layer


def named(layer: BehaviourAttention) -> dict[str, np.ndarray]:
    return {"/".join(v.name.split("/")[-2:-1]): v.numpy() for v in layer.weights}


def kernels(layer: BehaviourAttention, of_row: np.ndarray) -> list[np.ndarray]:
    """The projections of a row, W_Q, W_K and W_V, [W, H, D] each."""
    values = named(layer)
    plain = values["scores"].reshape(W, 2, H, D)
    made = np.einsum("wjhm,dm->wjhd", values["scores_of_row"].reshape(W, 2, H, M), of_row)
    value = values["value"] + np.einsum("hwm,dm->hwd", values["value_of_row"], of_row)
    return [plain[:, 0] + made[:, 0], plain[:, 1] + made[:, 1], value.transpose(1, 0, 2)]


def test_it_is_keras_attention_with_the_kernels_of_the_row_and_the_mean_of_positions() -> None:
    layer = attention()
    found = layer((VALUES, OF_ROW), MASK).numpy()
    standard = keras.layers.MultiHeadAttention(H, D, use_bias=False)
    standard(VALUES, VALUES)
    for row, length in enumerate(LENGTHS):
        output = named(layer)["output"].reshape(H, D, W)
        query, key, value = kernels(layer, OF_ROW[row])
        by_name = {"query": query, "key": key, "value": value, "attention_output": output}
        standard.set_weights([by_name[v.name.split("/")[-2]] for v in standard.weights])
        if not length:
            np.testing.assert_array_equal(found[row], 0)
            continue
        values = VALUES[[row], :length]
        wanted = standard(values, values).numpy()[0].mean(0)
        np.testing.assert_allclose(found[row], wanted, rtol=1e-4, atol=1e-5)


def test_without_the_row_s_matrix_all_rows_have_the_same_projections() -> None:
    layer = attention()
    zero, one = np.zeros_like(OF_ROW), np.ones_like(OF_ROW)
    assert np.all(layer((VALUES, zero), MASK).numpy()[LENGTHS > 0] != 0)
    query, *_ = kernels(layer, zero[0])
    np.testing.assert_array_equal(query.reshape(W, -1), named(layer)["scores"][:, : H * D])
    changed = layer((VALUES, one), MASK).numpy() != layer((VALUES, zero), MASK).numpy()
    np.testing.assert_array_equal(np.any(changed, axis=1), LENGTHS > 0)


def test_weights_sum_to_one_and_are_zero_where_there_is_nothing() -> None:
    weights = attention().attention(VALUES, tf.constant(MASK), OF_ROW).numpy()
    assert weights.shape == (B, H, L)
    np.testing.assert_allclose(weights.sum(2), np.tile((LENGTHS > 0)[:, None], (1, H)), atol=1e-6)
    assert np.all((weights == 0) == ~MASK[:, None])
    assert weights[0].std() > 0.01


def test_what_is_masked_and_the_order_of_values_change_nothing() -> None:
    layer = attention()
    before = layer((VALUES, OF_ROW), MASK).numpy()
    behind = np.where(MASK[:, :, None], VALUES, 9).astype(np.float32)
    np.testing.assert_array_equal(layer((behind, OF_ROW), MASK), before)
    turned = VALUES[[0, 4], ::-1]
    found = layer((turned, OF_ROW[[0, 4]]), MASK[[0, 4]]).numpy()
    np.testing.assert_allclose(found, before[[0, 4]], rtol=1e-4, atol=1e-6)


def test_an_untrained_one_adds_nothing_and_learns() -> None:
    layer = attention(random=False)
    inputs = (tf.constant(VALUES), tf.constant(OF_ROW))
    with tf.GradientTape() as tape:
        found = layer(inputs, MASK)
        loss = tf.reduce_sum(found)
    np.testing.assert_array_equal(found, 0)
    (output,) = [v for v in layer.weights if "output" in v.name]
    assert np.any(tape.gradient(loss, output).numpy() != 0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_close_and_has_finite_gradients(dtype: str) -> None:
    plain = attention()
    with precision(f"mixed_{dtype}"):
        half = BehaviourAttention(H, D, M)
    inputs = (tf.cast(VALUES, dtype), tf.cast(OF_ROW, dtype))
    half(inputs, MASK)
    half.set_weights(plain.get_weights())
    with tf.GradientTape() as tape:
        found = half(inputs, MASK)
        loss = tf.reduce_sum(tf.cast(found, tf.float32))
    assert found.dtype == tf.as_dtype(dtype)
    assert all(np.all(np.isfinite(x)) for x in tape.gradient(loss, half.trainable_variables))
    scale = math.sqrt(float(np.square(plain((VALUES, OF_ROW), MASK)).max()))
    wanted = plain((VALUES, OF_ROW), MASK).numpy()
    np.testing.assert_allclose(tf.cast(found, tf.float32), wanted, atol=0.05 * scale)
