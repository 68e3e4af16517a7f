"""The attention over the other scenarios of CSII."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense

# Far below any logit, and not infinite: its softmax is exactly 0 and no product is NaN.
_MASKED = -1e9


class InterScenarioAttention(keras.layers.Layer):
    """A row takes from all other scenarios what resembles its own.

    For a row of scenario s with own representation h_s and those of all scenarios u_t,

        a_t = softmax_{t != s}((W_q h_s) . (W_k u_t) / sqrt(h)),  u_agg = sum_t a_t W_v u_t

    (CSII's inter-scenario aggregator). The own scenario is masked before the softmax, so
    that the others' weights sum to 1. W_k and W_v are linear and applied to the one query
    (W_k transposed) and the one sum of a row, not to its K representations.

    Args:
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(self, kernel_l2: float = 0.0, name: str = "inter_attention") -> None:
        super().__init__(name=name)
        self._kernel_l2 = kernel_l2

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the projections."""
        width = int(input_shape[-1])
        self._query, self._key, self._value = (
            StackedDense((), width, None, self._kernel_l2, name, use_bias=False)
            for name in ("query", "key", "value")
        )
        super().build(input_shape)

    def call(
        self, own: tf.Tensor, others: tf.Tensor, mine: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the aggregate, [B, h], and the weights, float32 [K, B].

        Args:
          own: h_s, [B, h].
          others: u, [K, B, h]; K at least 2.
          mine: 1 for the rows' own scenarios, float32 [K, B].
        """
        # (W_q h) . (W_k u) = (W_k^T W_q h) . u
        queries = self._key(self._query(own))
        logits = tf.cast(tf.reduce_sum(queries * others, axis=-1), tf.float32)
        logits = logits * own.shape[-1] ** -0.5 + _MASKED * mine
        weights = tf.nn.softmax(logits, axis=0)
        mixed = tf.reduce_sum(tf.cast(weights, others.dtype)[:, :, tf.newaxis] * others, axis=0)
        return self._value(mixed), weights
