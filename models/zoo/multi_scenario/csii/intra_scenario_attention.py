"""The attention inside a scenario of CSII."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense


class IntraScenarioAttention(keras.layers.Layer):
    """Tokens of every scenario attend to each other and become one vector a scenario.

    With tokens T [n, w] of a row in a scenario,

        u = mean_i(softmax(T W_q (T W_k)^T / sqrt(w)) T W_v + T),  out = ReLU([u; extra] W_o + b_o)

    the mean over the n tokens (CSII's intra-scenario aggregator; one attention head, the
    residual and the mean are ours). As the mean and W_v are linear, the tokens are averaged
    before W_v, which gives the same at 1 / n of the cost.

    Args:
      stack: K for an attention a scenario, or 1 for one that all scenarios share.
      units: the width of the result.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self, stack: int, units: int, kernel_l2: float = 0.0, name: str = "intra_attention"
    ) -> None:
        super().__init__(name=name)
        self._stack = stack
        self._units = units
        self._kernel_l2 = kernel_l2

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the projections."""
        width = int(input_shape[-1])
        stack, l2 = (self._stack,), self._kernel_l2
        self._query = StackedDense(stack, width, None, l2, "query", use_bias=False)
        self._key = StackedDense(stack, width, None, l2, "key", use_bias=False)
        self._value = StackedDense(stack, width, None, l2, "value", use_bias=False)
        self._output = StackedDense(stack, self._units, "relu", l2, "output")
        super().build(input_shape)

    def call(self, tokens: tf.Tensor, extra: tf.Tensor | None = None) -> tf.Tensor:
        """Returns a vector a scenario, [K, B, units].

        Args:
          tokens: [K, B, n, w].
          extra: what the last layer reads besides the attended tokens, [K, B, x].
        """
        scenarios, _, count, width = tokens.shape
        rows = tf.reshape(tokens, [scenarios, -1, width])
        shape = [scenarios, -1, count, width]
        query = tf.reshape(self._query(rows), shape)
        key = tf.reshape(self._key(rows), shape)
        logits = tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32) * width**-0.5
        weights = tf.cast(tf.reduce_mean(tf.nn.softmax(logits), axis=2), tokens.dtype)
        attended = tf.squeeze(tf.matmul(weights[:, :, tf.newaxis], tokens), 2)
        pooled = self._value(attended) + tf.reduce_mean(tokens, axis=2)
        return self._output(pooled if extra is None else tf.concat([pooled, extra], -1))
