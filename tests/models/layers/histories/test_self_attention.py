import numpy as np
import pytest
import tensorflow as tf

from models.layers.histories.self_attention import SelfAttention
from models.precision import precision

B, L, W = 4, 3, 4
VALUES = np.random.default_rng(0).normal(size=(B, L, W)).astype(np.float32)
LENGTHS = np.array([3, 0, 1, 2])
MASK = np.arange(L) < LENGTHS[:, None]


def block(random: bool = True) -> SelfAttention:
    layer = SelfAttention()
    layer(tf.constant(VALUES), tf.constant(MASK))
    if random:
        for seed, variable in enumerate(layer.trainable_variables):
            values = np.random.default_rng(seed).normal(scale=0.5, size=variable.shape)
            variable.assign(values)
    return layer


def norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta


def formula(layer: SelfAttention, row: int) -> np.ndarray:
    """Value by value, from the oldest to the newest; a value sees those before it."""
    named = {
        v.name.split("self_attention/")[-1].removesuffix(":0"): v.numpy() for v in layer.weights
    }
    norms = [(named[f"{x}/gamma"], named[f"{x}/beta"]) for x in layer_norms(named)]
    length = LENGTHS[row]
    h = (VALUES[row, :length] + named["position"][:length])[::-1]
    n = norm(h, *norms[0])
    q, k, v = (n @ named[f"{name}/kernel"] for name in ("query", "key", "value"))
    out = []
    for at in range(length):
        scores = np.exp(k[: at + 1] @ q[at] / np.sqrt(W))
        s = h[at] + scores / scores.sum() @ v[: at + 1]
        hidden = norm(s, *norms[1]) @ named["hidden/kernel"] + named["hidden/bias"]
        out.append(s + np.maximum(hidden, 0) @ named["output/kernel"] + named["output/bias"])
    return np.array(out).reshape(-1, W)[::-1]


def layer_norms(named: dict[str, np.ndarray]) -> list[str]:
    return sorted(
        {x.split("/")[0] for x in named if x.endswith("/gamma")}, key=lambda x: (len(x), x)
    )


def test_outputs_are_the_published_block_seen_from_the_oldest_value() -> None:
    layer = block()
    found = layer(tf.constant(VALUES), tf.constant(MASK)).numpy()
    assert np.all(np.isfinite(found))
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(found[row, :length], formula(layer, row), rtol=1e-4, atol=1e-5)


def test_newer_values_and_what_is_masked_change_nothing_of_older_ones() -> None:
    layer = block()
    before = layer(tf.constant(VALUES), tf.constant(MASK)).numpy()
    newest = VALUES.copy()
    newest[:, 0] += 1
    after = layer(tf.constant(newest), tf.constant(MASK)).numpy()
    older = MASK & (np.arange(L) > 0)
    np.testing.assert_array_equal(after[older], before[older])
    assert np.all(after[MASK[:, 0], 0] != before[MASK[:, 0], 0])
    behind = np.where(MASK[:, :, None], VALUES, 9).astype(np.float32)
    after = layer(tf.constant(behind), tf.constant(MASK)).numpy()
    np.testing.assert_array_equal(after[MASK], before[MASK])


def test_an_untrained_block_passes_its_inputs_on() -> None:
    found = block(random=False)(tf.constant(VALUES), tf.constant(MASK))
    np.testing.assert_array_equal(found, VALUES)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_close_and_finite_of_empty_rows_too(dtype: str) -> None:
    plain = block()
    with precision(f"mixed_{dtype}"):
        half = SelfAttention()
    values = tf.cast(VALUES, dtype)
    half(values, tf.constant(MASK))
    half.set_weights(plain.get_weights())
    with tf.GradientTape() as tape:
        found = half(values, tf.constant(MASK))
        loss = tf.reduce_sum(tf.cast(found, tf.float32)[MASK])
    gradients = tape.gradient(loss, half.trainable_variables)
    assert found.dtype == tf.as_dtype(dtype)
    assert all(np.all(np.isfinite(x)) for x in gradients)
    exact = plain(tf.constant(VALUES), tf.constant(MASK)).numpy()
    np.testing.assert_allclose(tf.cast(found, tf.float32).numpy()[MASK], exact[MASK], atol=0.15)
