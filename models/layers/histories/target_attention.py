"""How much each value of a history matters to a candidate."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras


class TargetAttention(keras.layers.Layer):
    """DIN's local activation unit: the weight of every value for the candidate, [B, L].

    With the candidate q, a value's key k (what it has in common with q: the columns that share
    q's tables), its context c (its other columns) and its recency r, 0 for the newest,

        a = w . relu(W_k k + W_q q + W_p (q * k) + W_c c + position_r) + b

    a perceptron with one hidden layer (Deep Interest Network, Zhou et al., KDD 2018, eq. 3 and
    figure 2). As in the paper the weights are not normalised by a softmax, so that a history
    with much that matters weighs more than one with little. In the paper q - k is an input too;
    linear in q and k, it adds nothing to W_k and W_q. Ours are the recency and the context, ReLU
    instead of PReLU or Dice, and where b starts: at 1 / sqrt(L), so that an untrained unit
    sums all values to a vector about as long as one of them, instead of leaving them out.

    ``W_k k + W_p (q * k)`` is ``(W_k + W_p diag(q)) k``: one product with a kernel a row, without
    the [B, L, d] of products or a concatenated input.

    Args:
      units: the width of the hidden layer; 36 in the paper, which takes half as long again.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self, units: int = 16, kernel_l2: float = 0.0, name: str = "target_attention"
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._units = units
        self._regularizer = keras.regularizers.L2(kernel_l2) if kernel_l2 else None

    def build(self, input_shape: tuple[tf.TensorShape, tf.TensorShape]) -> None:
        """Makes the kernels, Glorot uniform as of one layer over all its inputs."""
        (_, length, width), (_, self._query) = (list(shape) for shape in input_shape)
        limit = math.sqrt(6.0 / (width + 2 * self._query + self._units))
        self._kernel = self._first("kernel", width, limit)
        self._product = self._first("product_kernel", self._query, limit)
        self._candidate = self._first("query_kernel", self._query, limit)
        self._last = self.add_weight(
            "last_kernel",
            (self._units, 1),
            initializer="glorot_uniform",
            regularizer=self._regularizer,
            experimental_autocast=False,
        )
        start = keras.initializers.Constant(1 / math.sqrt(length))
        self._position = self.add_weight(
            "position",
            (length, self._units),
            initializer="zeros",
            experimental_autocast=False,
        )
        self._bias = self.add_weight("bias", (1,), initializer=start, experimental_autocast=False)
        super().build(input_shape)

    def _first(self, name: str, rows: int, limit: float) -> tf.Variable:
        return self.add_weight(
            name,
            (rows, self._units),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            regularizer=self._regularizer,
            experimental_autocast=False,
        )

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor], mask: tf.Tensor) -> tf.Tensor:
        """Returns the weights, float32 [B, L]; 0 where the mask is False.

        Args:
          inputs: the values, newest first, [B, L, w], whose first d columns are the key and whose
            others the context; and the candidates, [B, d]. Both in the compute dtype.
          mask: where there is a value, bool [B, L].
        """
        values, query = inputs
        dtype = values.dtype
        kernel, product = tf.cast(self._kernel, dtype), tf.cast(self._product, dtype)
        of_row = query[:, :, tf.newaxis] * product
        if self._query < kernel.shape[0]:
            of_row = tf.pad(of_row, [[0, 0], [0, kernel.shape[0] - self._query], [0, 0]])
        hidden = tf.matmul(values, kernel + of_row)
        hidden += tf.matmul(query, tf.cast(self._candidate, dtype))[:, tf.newaxis]
        hidden = tf.nn.relu(hidden + tf.cast(self._position, dtype))
        flat = tf.reshape(hidden, [-1, self._units])
        weights = tf.reshape(tf.matmul(flat, tf.cast(self._last, dtype)), tf.shape(mask))
        weights = tf.cast(weights, tf.float32) + self._bias
        return tf.where(mask, weights, 0.0)
