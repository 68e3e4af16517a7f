"""Attention over a history whose projections are made by the target item and the domain."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras

from models.layers.histories.pooling import shares
from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense


class BehaviourAttention(keras.layers.Layer):
    """DFUB: what a history says of a target item in a domain, [B, w].

    With the values E^h of a row and its matrix E, the embeddings of target and domain in the
    shape [d, m] (DFFM, CIKM 2023, eq. 9 to 12),

        head_i = softmax(Q_i K_i^T / sqrt(d)) V_i,  h = concat(head_1, ..., head_H) W_out
        Q_i = E^h W_Q,i,  W_Q,i = A_Q,i + W'_Q,i E^T,  and so K_i and V_i

    Every value attends to all values. The paper has one E for Q, K and V each, all of them reshaped
    embeddings; they are one here. Ours: A, the projections that do not depend on the row, since
    W' E^T has at most the rank m and begins near zero, as embeddings do; the mean over the values
    that makes h one vector; and W_out, zero at the start. Of the mean over queries only how much
    each value gets matters, so that values are projected once they are summed:

        mean_l head_i[l] = sum_j a_ij V_i[j] = (sum_j a_ij E^h_j) W_V,i,  a_ij = mean_l softmax_lj

    Args:
      heads: H.
      head_units: d.
      rank: m.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self,
        heads: int,
        head_units: int,
        rank: int,
        kernel_l2: float = 0.0,
        name: str = "behaviour_attention",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._heads = heads
        self._units = head_units
        self._rank = rank
        self._regularizer = keras.regularizers.L2(kernel_l2) if kernel_l2 else None

        def kernel(units: int, name: str, *stack: int) -> StackedDense:
            return StackedDense(stack, units, None, kernel_l2, name, use_bias=False)

        # A and W' of queries and keys, and of values.
        self._scores = kernel(2 * heads * head_units, "scores")
        self._scores_of_row = kernel(2 * heads * rank, "scores_of_row")
        self._value = kernel(head_units, "value", heads)
        self._value_of_row = kernel(rank, "value_of_row", heads)

    def build(self, input_shape: tuple[tf.TensorShape, tf.TensorShape]) -> None:
        """Makes W_out, as wide as the values."""
        self._output = keras.layers.Dense(
            int(input_shape[0][-1]),
            use_bias=False,
            kernel_initializer="zeros",
            kernel_regularizer=self._regularizer,
            name="output",
            dtype=self.dtype_policy,
        )
        super().build(input_shape)

    def attention(self, values: tf.Tensor, mask: tf.Tensor, of_row: tf.Tensor) -> tf.Tensor:
        """Returns a, how much each value gets, float32 [B, H, L]; 0 where there is none.

        They sum to 1 where a row has a value. For the arguments see `call`.
        """
        length, heads, units = values.shape[1], self._heads, self._units
        plain = tf.reshape(self._scores(values), [-1, length, 2, heads, units])
        own = tf.reshape(self._scores_of_row(values), [-1, length * 2 * heads, self._rank])
        own = tf.matmul(own, of_row, transpose_b=True)
        projected = plain + tf.reshape(own, [-1, length, 2, heads, units])
        queries, keys = tf.unstack(tf.transpose(projected, [2, 0, 3, 1, 4]))
        scores = tf.matmul(queries, keys, transpose_b=True)
        # A softmax in half precision has too few digits for many values.
        scores = tf.cast(scores, tf.float32) / math.sqrt(units)
        weights = softmax(scores, mask=mask[:, tf.newaxis, tf.newaxis])
        of_queries = shares(mask)[:, tf.newaxis, tf.newaxis]
        return tf.squeeze(tf.matmul(of_queries, weights), 2)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], mask: tf.Tensor) -> tf.Tensor:
        """Returns h, in the inputs' dtype; zeros for rows without values.

        Args:
          inputs: the values E^h, [B, L, w], and the rows' E, [B, d, m].
          mask: where there is a value, bool [B, L].
        """
        values, of_row = inputs
        weights = self.attention(values, mask, of_row)
        sums = tf.transpose(tf.matmul(tf.cast(weights, values.dtype), values), [1, 0, 2])
        own = tf.transpose(self._value_of_row(sums), [1, 0, 2])
        own = tf.matmul(own, of_row, transpose_b=True)
        heads = tf.transpose(self._value(sums), [1, 0, 2]) + own
        return self._output(tf.reshape(heads, [-1, self._heads * self._units]))
