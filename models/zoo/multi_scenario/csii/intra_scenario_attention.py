"""The attention inside a scenario of CSII."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense


class IntraScenarioAttention(keras.layers.Layer):
    """Tokens of every scenario attend to each other and refine the scenario's representation.

    With representation h and tokens T [n, w] of a row in a scenario,

        A = softmax(T W_q (T W_k)^T / sqrt(w)) T W_v,  u = h + [A_1; ...; A_n] W_o

    That there is an intra-scenario aggregator is CSII's; its form is ours: one attention head,
    the attended tokens next to each other (their mean would add units that have nothing in
    common), and the representation itself. W_o begins as 0 and u as h.

    Args:
      stack: K for an attention a scenario, or 1 for one that all scenarios share.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(self, stack: int, kernel_l2: float = 0.0, name: str = "intra_attention") -> None:
        super().__init__(name=name)
        self._stack = stack
        self._kernel_l2 = kernel_l2

    def build(self, input_shape: tuple[tf.TensorShape, tf.TensorShape]) -> None:
        """Makes the projections."""
        own, tokens = input_shape
        count, width = int(tokens[-2]), int(tokens[-1])
        stack, l2 = (self._stack,), self._kernel_l2
        self._query = StackedDense(stack, width, None, l2, "query", use_bias=False)
        self._key = StackedDense(stack, width, None, l2, "key", use_bias=False)
        self._value = StackedDense(stack, width, None, l2, "value", use_bias=False)
        self.output_kernel = self.add_weight(
            "output_kernel",
            (self._stack, count * width, int(own[-1])),
            initializer="zeros",
            regularizer=keras.regularizers.L2(l2) if l2 else None,
        )
        super().build(input_shape)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Returns u of every scenario, [K, B, h].

        Args:
          inputs: h, [K, B, h], and the tokens, [K, B, n, w].
        """
        own, tokens = inputs
        scenarios, _, count, width = tokens.shape
        rows = tf.reshape(tokens, [scenarios, -1, width])
        shape = [scenarios, -1, count, width]
        query, key, value = (
            tf.reshape(dense(rows), shape) for dense in (self._query, self._key, self._value)
        )
        logits = tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32) * width**-0.5
        attended = tf.matmul(tf.cast(softmax(logits), tokens.dtype), value)
        flat = tf.reshape(attended, [scenarios, -1, count * width])
        return own + tf.matmul(flat, self.output_kernel)
