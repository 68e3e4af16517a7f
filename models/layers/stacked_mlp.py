"""Many perceptrons of one shape, side by side."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import Combine, StackedDense


class StackedMLP(keras.layers.Layer):
    """`stack` perceptrons of the same shape: [*stack', B, in] -> [*stack, B, units[-1]].

    Every layer is ReLU, then dropout. With the stack () it is one plain perceptron,
    [B, in] -> [B, units[-1]]; with no units it returns its input.

    Args:
      stack: see `StackedDense`.
      units: widths of the layers.
      dropout: fraction dropped after every layer, in training.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: see `StackedDense`.
      combine: see `StackedDense`.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        units: tuple[int, ...],
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str | None = None,
        deviation_l2: float | None = None,
        combine: Combine = "sum",
    ) -> None:
        super().__init__(name=name)
        self._dense = [
            StackedDense(
                stack,
                width,
                kernel_l2=kernel_l2,
                name=f"dense_{index}",
                deviation_l2=deviation_l2,
                combine=combine,
            )
            for index, width in enumerate(units)
        ]
        self._dropouts = [keras.layers.Dropout(dropout) for _ in units]

    @property
    def kernels(self) -> tuple[tf.Variable, ...]:
        """The kernels of every layer, (*stack, in, out); known once the layer is built.

        Layers that share in part (`deviation_l2`, or a `product`) have no such variables.
        """
        return tuple(dense.kernel for dense in self._dense)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Applies every perceptron of the stack to its input."""
        hidden = inputs
        for dense, drop in zip(self._dense, self._dropouts, strict=True):
            hidden = drop(dense(hidden), training=training)
        return hidden
