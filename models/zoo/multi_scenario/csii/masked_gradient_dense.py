"""Dense layers that all rows pass but only some rows train."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from models.layers.stacked_dense import StackedDense


class MaskedGradientDense(StackedDense):
    """A `StackedDense` whose kernels and biases can be trained by chosen rows only.

    Forwards and towards its inputs it is the plain layer for every row; the gradient of
    kernel s is the sum over the rows that own it:

        dW[s] = sum_b gradient_mask[s, b] x[s, b]^T dy[s, b],  dx[s, b] = dy[s, b] W[s]^T

    So what was made before the layer (a transform of a row into another scenario) learns
    through kernels that the row itself leaves as they are, in one product instead of a
    frozen and a live one.
    """

    def call(self, inputs: tf.Tensor, gradient_mask: tf.Tensor | None = None) -> tf.Tensor:
        """Applies every layer of the stack to its input.

        Args:
          inputs: [*stack', B, in]; see `StackedDense`.
          gradient_mask: 0 or 1, broadcasts to [*stack, B, 1]; without it all rows learn.
        """
        if gradient_mask is None:
            return super().call(inputs)
        kernel = tf.cast(self.kernels(), inputs.dtype)
        bias = tf.cast(self.bias, inputs.dtype)
        linear = _affine(inputs, kernel, bias, tf.cast(gradient_mask, inputs.dtype))
        return self._activation(linear)


@tf.custom_gradient
def _affine(
    inputs: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, gradient_mask: tf.Tensor
) -> tuple[tf.Tensor, Any]:
    def backward(upstream: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        to_inputs = tf.matmul(upstream, kernel, transpose_b=True)
        shared = [
            axis
            for axis in range(inputs.shape.rank - 2)
            if inputs.shape[axis] == 1 and upstream.shape[axis] != 1
        ]
        if shared:
            to_inputs = tf.reduce_sum(to_inputs, axis=shared, keepdims=True)
        learned = upstream * gradient_mask
        to_kernel = tf.matmul(inputs, learned, transpose_a=True)
        to_bias = tf.reduce_sum(learned, axis=-2, keepdims=True)
        return to_inputs, to_kernel, to_bias, None

    return tf.matmul(inputs, kernel) + bias, backward
