"""The conflict between the gradients of scenarios."""

from __future__ import annotations

import tensorflow as tf

from models.layers.scenario_sums import scenario_sums
from models.steps.gradient_rules.gram_schmidt import orthogonalised

_TINY = 1e-40


def scenario_gradients(gradients: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
    """Returns every scenario's gradient in the representation, G_d: float32 [K, h].

    ``G_d = 1 / B sum_{rows of d} g_b``, over the rows of all replicas; a scenario without rows
    has zeros. In a step that XLA compiles, sums and B are those of the replica's rows, see
    `scenario_sums`.

    Args:
      gradients: g, of every row's loss in its representation, float32 [B, h].
      own: the rows' one-hot scenarios, [B, K].
    """
    (sums,), counts = scenario_sums([gradients], own)
    return sums / tf.reduce_sum(counts)


def conflict(gradients: tf.Tensor, constant_directions: bool) -> tf.Tensor:
    """Returns how far the scenarios' gradients are from orthogonal ones, a float32 scalar.

    With ``b_d = G_d - sum_{j<d} (G_d . b_j / |b_j|^2) b_j``, in the order of the scenarios,

        1/2 sum_d |G_d - b_d|^2 = 1/2 sum_d sum_{j<d} (G_d . b_j / |b_j|)^2

    since the b_j are orthogonal. Scenarios without rows add nothing, and neither does the first;
    a G_d that those before it span has b_d = 0.

    Args:
      gradients: G, float32 [K, h].
      constant_directions: whether the ``b_j / |b_j|`` have no gradient.
    """
    scenarios = gradients.shape[0]
    # GPUs multiply float32 matrices with three digits (TensorFloat-32).
    values = tf.cast(gradients, tf.float64)
    factors = orthogonalised(tf.matmul(values, values, transpose_b=True))
    left = tf.matmul(factors, values)
    squares = tf.reduce_sum(tf.square(left), axis=1, keepdims=True)
    directions = left / tf.sqrt(tf.maximum(squares, _TINY))
    if constant_directions:
        directions = tf.stop_gradient(directions)
    along = tf.matmul(values, directions, transpose_b=True)
    before = tf.constant([[float(j < d) for j in range(scenarios)] for d in range(scenarios)])
    shared = tf.cast(before, tf.float64) * along
    return tf.cast(0.5 * tf.reduce_sum(tf.square(shared)), tf.float32)
