"""Many dense layers of one shape, side by side."""

from __future__ import annotations

import math

import tensorflow as tf
import tf_keras as keras


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
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._use_bias = use_bias
        self._stack = tuple(stack)
        self._units = units
        self._activation = keras.activations.get(activation)
        self._regularizer = keras.regularizers.L2(kernel_l2) if kernel_l2 else None

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the kernels, Glorot uniform slice by slice, and zero biases."""
        width = int(input_shape[-1])
        # Keras would read the stack as a convolution's window and shrink the kernels.
        limit = math.sqrt(6.0 / (width + self._units))
        self.kernel = self.add_weight(
            "kernel",
            (*self._stack, width, self._units),
            initializer=keras.initializers.RandomUniform(-limit, limit),
            regularizer=self._regularizer,
        )
        if self._use_bias:
            shape = (*self._stack, 1, self._units)
            self.bias = self.add_weight("bias", shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Applies every layer of the stack to its input."""
        linear = tf.matmul(inputs, self.kernel)
        return self._activation(linear + self.bias if self._use_bias else linear)
