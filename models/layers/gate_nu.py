"""Personalised gates: factors around 1 for every hidden unit."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense


class GateNU(keras.layers.Layer):
    """`stack` gate neural units of the same shape: [*stack', B, in] -> [*stack, B, units].

    PEPNet (Chang et al., KDD 2023, eq. 1 and 2), as AEM2TL takes it over,

        h1 = relu(h0 W0 + b0),  h2 = gamma sigmoid(h1 W1 + b1),  gamma = 2

    so that every factor is in [0, 2], and 1 where the last kernel and bias are zero.

    Args:
      stack: see `StackedDense`.
      hidden: width of h1.
      units: factors of a gate.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: see `StackedDense`.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        hidden: int,
        units: int,
        kernel_l2: float = 0.0,
        name: str | None = None,
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._hidden = StackedDense(
            stack, hidden, "relu", kernel_l2, "hidden", deviation_l2=deviation_l2
        )
        self._last = StackedDense(stack, units, None, kernel_l2, "last", deviation_l2=deviation_l2)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the factors."""
        return 2.0 * tf.sigmoid(self._last(self._hidden(inputs)))
