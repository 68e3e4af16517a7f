"""How much a row takes from other scenarios in CSII."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense

# An optimizer's steps of .003 move the logit by .015.
_FACTOR = 5.0


class TransferWeight(keras.layers.Layer):
    """``alpha = sigmoid(5 theta_s)``, or ``sigmoid(5 theta_s + [h_s; u_agg] w)`` by instance.

    alpha_s is CSII's; that it is a sigmoid and what it reads are ours. theta is 0 at first:
    alpha is one half. Its factor lets alpha leave its start within a few hundred steps. A
    scenario's embedding among the inputs would add one learned number a scenario, which is theta.

    Args:
      scenarios: K.
      by_instance: whether it reads the row's representations.
      kernel_l2: weight of the squared norm of w.
    """

    def __init__(
        self,
        scenarios: int,
        by_instance: bool,
        kernel_l2: float = 0.0,
        name: str = "transfer_weight",
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._scenarios = scenarios
        self._reader = None
        if by_instance:
            self._reader = StackedDense((), 1, None, kernel_l2, "reader", "float32", use_bias=False)

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes theta."""
        self.theta = self.add_weight("theta", (self._scenarios, 1), initializer="zeros")
        super().build(input_shape)

    def call(self, own: tf.Tensor, aggregate: tf.Tensor, mine: tf.Tensor) -> tf.Tensor:
        """Returns alpha of every row, float32 [B, 1].

        Args:
          own: h_s, [B, h].
          aggregate: u_agg, [B, h].
          mine: 1 for the rows' own scenarios, float32 [K, B].
        """
        logits = _FACTOR * tf.matmul(mine, self.theta, transpose_a=True)
        if self._reader is not None:
            logits += self._reader(tf.concat([own, aggregate], axis=-1))
        return tf.sigmoid(logits)
