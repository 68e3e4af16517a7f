"""What a label's tower takes over from the tower of its parent."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense

PARENT, OWN = 0, 1
"""The two tokens that are attended to."""


class InformationTransfer(keras.layers.Layer):
    """AITM's AIT module: (z_parent, q), each [S, B, d] -> z [S, B, d].

    What is passed on, ``p = relu(W z_parent + b)``, and what the label's own tower has made, q,
    are two tokens. Each is weighed by how well its key fits its own query:

        w_u = softmax_u(<W_k u, W_q u> / sqrt(d)),  z = sum_u w_u W_v u,  u in {p, q}

    Args:
      stack: S, modules side by side; one for all scenarios, or one for each.
      units: d.
      dropout: fraction of p that is dropped, in training.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: see `StackedDense`.
    """

    def __init__(
        self,
        stack: int,
        units: int,
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str | None = None,
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._scale = 1 / math.sqrt(units)
        self._passed = StackedDense(
            (stack,), units, "relu", kernel_l2, "passed", deviation_l2=deviation_l2
        )
        self._dropout = keras.layers.Dropout(dropout)
        self._keys, self._queries, self._values = (
            StackedDense(
                (stack, 1),
                units,
                None,
                kernel_l2,
                part,
                use_bias=False,
                deviation_l2=deviation_l2,
            )
            for part in ("keys", "queries", "values")
        )

    def call(
        self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns z, compute dtype [S, B, d], and w of both tokens, float32 [S, 2, B].

        Args:
          inputs: z of the parent and q of the label, compute dtype [S, B, d].
          training: whether units are dropped.
        """
        parent, own = inputs
        passed = self._dropout(self._passed(parent), training=training)
        tokens = tf.stack([passed, own], axis=1)
        products = tf.cast(self._keys(tokens), tf.float32) * tf.cast(
            self._queries(tokens), tf.float32
        )
        weights = softmax(self._scale * tf.reduce_sum(products, axis=-1), axis=1)
        values = self._values(tokens)
        mixed = tf.cast(weights, values.dtype)[..., tf.newaxis] * values
        return tf.reduce_sum(mixed, axis=1), weights
