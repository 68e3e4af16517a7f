"""Layer normalisation whose derivatives are right in second order too."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras


class LayerNorm(keras.layers.Layer):
    """Normalises every row over its units: [B, width] -> [B, width], in the inputs' dtype.

    ``y = gamma (x - mean) / sqrt(variance + 1e-5) + beta`` (Ba et al., 2016), in float32.

    Keras's layer takes its variance from `tf.nn.moments`, which stops a gradient that is zero in
    first order and not in second: a loss on gradients (L_orth) would be differentiated wrongly.
    """

    def __init__(self, name: str = "layer_norm") -> None:
        super().__init__(name=name, dtype="float32", autocast=False)

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes gamma 1 and beta 0."""
        width = int(input_shape[-1])
        self.gamma = self.add_weight("gamma", (width,), initializer="ones")
        self.beta = self.add_weight("beta", (width,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns y."""
        rows = tf.cast(inputs, tf.float32)
        centred = rows - tf.reduce_mean(rows, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=1, keepdims=True)
        # No rsqrt, which is rounded by where in a batch a row stands.
        scaled = centred / tf.sqrt(variance + 1e-5)
        return tf.cast(self.gamma * scaled + self.beta, inputs.dtype)
