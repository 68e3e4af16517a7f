"""Dense layers that differ by matrices of a low rank."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.csii.masked_gradient_dense import MaskedGradientDense

# Standard deviation of a private deviation at first, as a share of the common kernel's.
_START = 0.2


class LowRankDense(MaskedGradientDense):
    """A `MaskedGradientDense` with ``W[s] = common + down[s] up[s]`` along the stack's first axis.

    The common kernel is trained by all that train any; what is private to s has
    ``rank (in + out)`` parameters in place of ``in * out``. Both factors are random at first, so
    that the layers differ from the start, by a deviation a fifth as large as the common kernel:
    with a factor of zeros they would begin alike, and what compares them (an attention) would
    have nothing to learn from; larger ones would be noise to a scenario with few rows.

    Args:
      stack: the sizes of the leading axes; at least one.
      units: out.
      rank: of the private deviations.
      activation: a Keras activation, or None.
      kernel_l2: weight of the squared norm of the common kernel.
      deviation_l2: weight of the squared norms of both factors; None for 0.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        units: int,
        rank: int,
        activation: str | None = "relu",
        kernel_l2: float = 0.0,
        name: str | None = None,
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(
            stack, units, activation, kernel_l2, name, deviation_l2=deviation_l2 or 0.0
        )
        self._rank = rank

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the common kernel, Glorot uniform, the factors and zero biases."""
        width = int(input_shape[-1])
        limit = math.sqrt(6.0 / (width + self._units))
        glorot = keras.initializers.RandomUniform(-limit, limit)
        first, *rest = self._stack
        self.common = self.add_weight(
            "common",
            (1, *rest, width, self._units),
            initializer=glorot,
            regularizer=self._regularizer,
        )
        # A sum of `rank` products of both factors.
        deviation = _START * limit / math.sqrt(3.0)
        scale = (deviation / self._rank**0.5) ** 0.5
        for name, shape in (("down", (width, self._rank)), ("up", (self._rank, self._units))):
            factor = self.add_weight(
                name,
                (first, *rest, *shape),
                initializer=keras.initializers.RandomNormal(stddev=scale),
                regularizer=self._deviation_regularizer,
            )
            setattr(self, name, factor)
        self.bias = self.add_weight("bias", (*self._stack, 1, self._units), initializer="zeros")
        keras.layers.Layer.build(self, input_shape)

    def kernels(self) -> tf.Tensor:
        """Returns W, [*stack, in, out]; known once the layer is built."""
        return self.common + tf.matmul(self.down, self.up)
