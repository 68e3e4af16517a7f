"""What stands for a list without values."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras


class LearnedDefault(keras.layers.Layer):
    """A learned vector in rows that have nothing: [B, w] -> [B, w] in the inputs' dtype.

    A zero would say the same as an average value; this says that there is none.

    Args:
      stddev: of the normal initial values.
    """

    def __init__(self, stddev: float, name: str = "default") -> None:
        super().__init__(name=name, autocast=False)
        self._stddev = stddev

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the vector."""
        self.vector = self.add_weight(
            "vector",
            (int(input_shape[-1]),),
            initializer=keras.initializers.RandomNormal(stddev=self._stddev),
            experimental_autocast=False,
        )
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        """Replaces the rows where `present`, bool [B], is False."""
        return tf.where(present[:, tf.newaxis], inputs, tf.cast(self.vector, inputs.dtype))
