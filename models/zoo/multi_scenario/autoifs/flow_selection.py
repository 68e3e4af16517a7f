"""The information-flow selection network."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_mlp import StackedMLP


class FlowSelection(keras.layers.Layer):
    """Scores of removal for every flow of every label: [B, in] -> float32 [B, C, flows].

    ``w = heads(mlp(sg(x)))``: a perceptron on inputs that it sends no gradient to, and one
    linear head a label (AutoIFS, WSDM 2026). A positive score speaks for removal. As in the
    published code it has no weight decay; ours is that it has no dropout either, since a gate
    must be the same in training and serving.

    Args:
      labels: C.
      flows: number of flows of a label.
      units: widths of the perceptron's layers.
      zero_heads: whether the heads start at zero, undecided, or Glorot uniform.
    """

    def __init__(
        self,
        labels: int,
        flows: int,
        units: tuple[int, ...],
        zero_heads: bool = True,
        name: str = "selection",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._shape = (labels, flows)
        self._hidden = StackedMLP((), units, name="hidden")
        self._heads = keras.layers.Dense(
            labels * flows,
            kernel_initializer="zeros" if zero_heads else "glorot_uniform",
            name="heads",
            # At a high temperature a gate shows every bit of its score.
            dtype="float32",
        )

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns the scores."""
        return tf.reshape(self._heads(self._hidden(tf.stop_gradient(inputs))), [-1, *self._shape])
