"""Softmax gates over experts."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax


class SoftmaxGate(keras.layers.Layer):
    """`gates` softmax distributions over `experts`: [B, in] -> float32 [B, gates, experts].

    ``g = softmax(W x)``, without bias (MMoE, KDD 2018, eq. 7). The softmax is float32, so
    that the weights sum to 1 in half precision too.

    Args:
      gates: number of distributions.
      experts: number of experts each is over.
      kernel_l2: weight of the squared norm of the kernel.
    """

    def __init__(
        self,
        gates: int,
        experts: int,
        kernel_l2: float = 0.0,
        name: str = "gates",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype, autocast=False)
        self._shape = (gates, experts)
        self._dense = keras.layers.Dense(
            gates * experts,
            use_bias=False,
            kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
            name="dense",
            dtype=dtype,
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the weights of the experts."""
        logits = tf.reshape(self._dense(inputs), [-1, *self._shape])
        return softmax(tf.cast(logits, tf.float32), axis=-1)
