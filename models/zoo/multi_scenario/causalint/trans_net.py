"""The transfer between scenarios (TransNet)."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense
from models.zoo.multi_scenario.causalint.encoder import SLOPE


class TransNet(keras.layers.Layer):
    """Reads the invariant representation through a matrix of the row's own.

    Of a row of scenario s with representations z_inv and z_sce and the posterior pi over the
    scenarios, [K],

        H_p = leaky(A_p leaky(z_sce) + a_p),  p = 1..K
        W = reshape(pi_s H_s + sum_{p != s} pi_p sg(H_p)),  w x w
        q_m = Q_m leaky(z_inv) + c_m,  r_m = W' q_m

    H_p is what the row's matrix would be had it happened in scenario p. The stopped gradient sg
    leaves its generator A_p to the rows of p.

    Args:
      scenarios: K.
      labels: M; every one has a Q of its own (ours: the paper has one label).
      width: w.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: of the generators, see `StackedDense`.
    """

    def __init__(
        self,
        scenarios: int,
        labels: int,
        width: int,
        kernel_l2: float = 0.0,
        deviation_l2: float | None = None,
        name: str = "trans_net",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._width = width
        self._generators = StackedDense(
            (scenarios,), width * width, None, kernel_l2, "generators", deviation_l2=deviation_l2
        )
        self._readers = StackedDense((labels,), width, None, kernel_l2, "readers")

    def matrices(
        self, representation: tf.Tensor, posterior: tf.Tensor, own: tf.Tensor | None
    ) -> tf.Tensor:
        """Returns W of every row, compute dtype [B, w, w].

        Args:
          representation: z_sce, [B, h].
          posterior: pi, float32 [B, K].
          own: the rows' one-hot scenarios, float32 [B, K], where generators learn from the rows
            of their own scenario alone; None where all rows train all of them.
        """
        hidden = tf.nn.leaky_relu(representation, SLOPE)[tf.newaxis]
        matrices = tf.nn.leaky_relu(self._generators(hidden), SLOPE)
        if own is not None:
            mine = tf.cast(tf.transpose(own), matrices.dtype)[:, :, tf.newaxis]
            matrices = mine * matrices + (1 - mine) * tf.stop_gradient(matrices)
        shares = tf.cast(tf.transpose(posterior), matrices.dtype)[:, :, tf.newaxis]
        mixed = tf.reduce_sum(shares * matrices, axis=0)
        return tf.reshape(mixed, [-1, self._width, self._width])

    def call(self, representation: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
        """Returns r of every label, compute dtype [M, B, w].

        Args:
          representation: z_inv, [B, h].
          matrices: W, [B, w, w].
        """
        queries = self._readers(tf.nn.leaky_relu(representation, SLOPE)[tf.newaxis])
        return tf.einsum("mbi,bij->mbj", queries, matrices)
