"""Log-odds of products, sums and means against float64 probabilities, and where these end."""

import numpy as np
import pytest
import tensorflow as tf
from made_probabilities import logit, sigmoid

from models.losses.log_odds import average, both, cross_entropy, either, mixed

P = np.random.default_rng(0).uniform(size=(4, 300))
Z = [logit(tf.constant(p)) for p in P]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (both(Z[0], Z[1]), P[0] * P[1]),
        (either(Z[0], Z[1]), 1 - (1 - P[0]) * (1 - P[1])),
        (mixed(Z[0], Z[1], Z[2]), P[0] * P[1] + (1 - P[0]) * P[2]),
        (average(tf.stack(Z)), P.mean(axis=0)),
    ],
    ids=["both", "either", "mixed", "average"],
)
def test_they_are_those_of_the_probabilities(found: tf.Tensor, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(sigmoid(found.numpy()), wanted, rtol=1e-12)


def test_a_product_of_rare_events_keeps_its_digits_in_float32() -> None:
    z = [tf.constant([-30.0]), tf.constant([-40.0])]
    np.testing.assert_allclose(both(*z), [-70.0], rtol=1e-6)
    np.testing.assert_allclose(either(tf.constant([30.0]), tf.constant([40.0])), [70.0], rtol=1e-6)


@pytest.mark.parametrize("target", [0.0, 1.0])
@pytest.mark.parametrize("z", [-40.0, -17.0, -3.0, 0.0, 3.0, 17.0, 40.0])
def test_a_loss_has_its_gradient_wherever_the_logit_is(z: float, target: float) -> None:
    """On float32 probabilities it vanishes beyond a logit of 16."""
    logits = tf.constant([z])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = cross_entropy(tf.constant([target]), logits)
    wanted = np.logaddexp(0, z) - target * z
    np.testing.assert_allclose(loss, [wanted], rtol=1e-6, atol=1e-12)
    p = 1 / (1 + np.exp(-np.float64(z)))
    slope = p if target == 0 else -1 / (1 + np.exp(np.float64(z)))
    np.testing.assert_allclose(tape.gradient(loss, logits), [slope], rtol=1e-5, atol=1e-12)


def test_a_product_passes_on_the_gradient_of_a_certain_event() -> None:
    """d BCE(1, p q) / dz_q = -(1 - q), however certain p is."""
    first, second = tf.constant([40.0]), tf.constant([-20.0])
    with tf.GradientTape() as tape:
        tape.watch(second)
        loss = cross_entropy(tf.constant([1.0]), both(first, second))
    np.testing.assert_allclose(tape.gradient(loss, second), [-1.0], rtol=1e-6)


def test_equal_terms_share_the_gradient() -> None:
    z = [tf.constant([0.0]), tf.constant([0.0])]
    with tf.GradientTape() as tape:
        tape.watch(z)
        found = either(*z)
    for gradient in tape.gradient(found, z):
        # p = 3/4, dp/dz = q (1 - q) (1 - q), dz'/dp = 1 / (p (1 - p)).
        np.testing.assert_allclose(gradient, [0.125 / (0.75 * 0.25)], rtol=1e-6)
