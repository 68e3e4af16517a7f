"""Many dense layers of one shape, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import tensorflow as tf
import tf_keras as keras

Combine = Literal["sum", "product"]
"""How layers of a stack are made of what they share and of what is their own."""


class StackedDense(keras.layers.Layer):
    """`stack` dense layers of the same shape, as one batched product.

    ``y[s] = activation(x[s] W[s] + b[s])`` with the kernels stacked to (*stack, in, out):
    [*stack', B, in] -> [*stack, B, out], where stack' is the stack or broadcasts to it
    (size 1 along an axis whose layers read the same input). The stack leads, so that
    consecutive layers need no transposition.

    Args:
      stack: the sizes of the leading axes, say (experts,) or (scenarios, labels).
      units: out.
      activation: a Keras activation, or None.
      kernel_l2: weight of the squared norm of the kernels.
      use_bias: whether there is a b.
      deviation_l2: None for layers that have nothing in common. A number pools them in part
        along the first axis of the stack: ``W[s] = common + deviation[s]``, the deviations
        zero at the start and their squared norm weighing this much in the loss. A scenario
        with few rows then stays near what all have learned. The function class is the same.
      combine: `sum`, as above, or `product`, STAR's (Sheng et al., CIKM 2021): always in
        common along the first axis, ``W[s] = common * factor[s]`` value by value and
        ``b[s] = common bias + bias[s]``. The factors are 1 at the start, and `deviation_l2`,
        None for 0, weighs the squared norm of their difference from it.
    """

    def __init__(
        self,
        stack: tuple[int, ...],
        units: int,
        activation: str | None = "relu",
        kernel_l2: float = 0.0,
        name: str | None = None,
        dtype: str | None = None,
        use_bias: bool = True,
        deviation_l2: float | None = None,
        combine: Combine = "sum",
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._use_bias = use_bias
        self._stack = tuple(stack)
        self._units = units
        self._activation = keras.activations.get(activation)
        self._regularizer = _penalty(kernel_l2)
        self._multiplies = combine == "product" and len(self._stack) > 0
        self._pools = self._multiplies or (deviation_l2 is not None and len(self._stack) > 0)
        around = 1.0 if self._multiplies else 0.0
        self._deviation_regularizer = _penalty(deviation_l2 or 0.0, around)

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the kernels, Glorot uniform slice by slice, and zero biases."""
        width = int(input_shape[-1])
        # Keras would read the stack as a convolution's window and shrink the kernels.
        limit = math.sqrt(6.0 / (width + self._units))
        glorot = keras.initializers.RandomUniform(-limit, limit)
        shape = (*self._stack, width, self._units)
        if self._pools:
            common = (1, *shape[1:])
            self.common = self.add_weight(
                "common", common, initializer=glorot, regularizer=self._regularizer
            )
            own = self.add_weight(
                "factor" if self._multiplies else "deviation",
                shape,
                initializer="ones" if self._multiplies else "zeros",
                regularizer=self._deviation_regularizer,
            )
            if self._multiplies:
                self.factor = own
            else:
                self.deviation = own
        else:
            self.kernel = self.add_weight(
                "kernel", shape, initializer=glorot, regularizer=self._regularizer
            )
        if self._use_bias:
            biases = (*self._stack, 1, self._units)
            self.bias = self.add_weight("bias", biases, initializer="zeros")
            if self._multiplies:
                self.common_bias = self.add_weight(
                    "common_bias", (1, *biases[1:]), initializer="zeros"
                )
        super().build(input_shape)

    def kernels(self) -> tf.Tensor:
        """Returns W, [*stack, in, out]; known once the layer is built."""
        if self._multiplies:
            return self.common * self.factor
        return self.common + self.deviation if self._pools else tf.convert_to_tensor(self.kernel)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Applies every layer of the stack to its input."""
        linear = tf.matmul(inputs, self.kernels())
        if self._use_bias:
            linear += self.common_bias + self.bias if self._multiplies else self.bias
        return self._activation(linear)


def _penalty(l2: float, center: float = 0.0) -> Callable[[tf.Tensor], tf.Tensor] | None:
    if not l2:
        return None
    if not center:
        return keras.regularizers.L2(l2)
    return lambda values: l2 * tf.reduce_sum(tf.square(values - center))
