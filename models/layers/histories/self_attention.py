"""What a history's values mean in the light of the older ones."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax


class SelfAttention(keras.layers.Layer):
    """A block of SASRec: [B, L, w], newest first, -> [B, L, w] in the inputs' dtype.

    With the values x of a row and their recencies r, 0 for the newest,

        h = x + position
        s = h + dropout(softmax(Q K' / sqrt(w)) V),  Q, K, V = W_Q n, W_K n, W_V n, n = norm(h)
        y = s + dropout(W_2 relu(W_1 norm(s) + b_1) + b_2)

    where every value attends to itself and to older ones (Self-Attentive Sequential
    Recommendation, Kang and McAuley, ICDM 2018, eq. 2 to 5, one head). Positions count from the
    newest value, which is what SASRec's padding at the old end amounts to. Ours is the start:
    position, W_V and W_2 are zero, so that an untrained block passes its inputs on.

    Args:
      dropout: fraction dropped of what is added.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self, dropout: float = 0.0, kernel_l2: float = 0.0, name: str = "self_attention"
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._kernel_l2 = kernel_l2
        self._norms = [keras.layers.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self._dropouts = [keras.layers.Dropout(dropout) for _ in range(2)]

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the positions and the dense layers."""
        _, length, width = input_shape
        self._position = self.add_weight(
            "position", (length, width), initializer="zeros", experimental_autocast=False
        )
        self._query, self._key = (self._dense(width, name) for name in ("query", "key"))
        self._value = self._dense(width, "value", start="zeros")
        self._hidden = self._dense(width, "hidden", use_bias=True, activation="relu")
        self._output = self._dense(width, "output", use_bias=True, start="zeros")
        super().build(input_shape)

    def _dense(
        self,
        width: int,
        name: str,
        start: str = "glorot_uniform",
        use_bias: bool = False,
        activation: str | None = None,
    ) -> keras.layers.Dense:
        return keras.layers.Dense(
            width,
            activation,
            use_bias,
            kernel_initializer=start,
            kernel_regularizer=keras.regularizers.L2(self._kernel_l2) if self._kernel_l2 else None,
            name=name,
            dtype=self.dtype_policy,
        )

    def call(self, inputs: tf.Tensor, mask: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the outputs; anything finite where the mask, bool [B, L], is False."""
        _, length, width = inputs.shape
        hidden = inputs + tf.cast(self._position, inputs.dtype)
        normed = self._norms[0](hidden)
        scores = tf.matmul(self._query(normed), self._key(normed), transpose_b=True)
        # A softmax in half precision has too few digits for many values.
        scores = tf.cast(scores, tf.float32) / math.sqrt(width)
        older = tf.linalg.band_part(tf.ones([length, length], tf.bool), 0, -1)
        weights = softmax(scores, mask=older & mask[:, tf.newaxis])
        attended = tf.matmul(tf.cast(weights, inputs.dtype), self._value(normed))
        hidden += self._dropouts[0](attended, training=training)
        changed = self._output(self._hidden(self._norms[1](hidden)))
        return hidden + self._dropouts[1](changed, training=training)
