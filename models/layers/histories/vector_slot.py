"""One embedding of a vector from elsewhere."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.histories.learned_default import LearnedDefault


class VectorSlot(keras.layers.Layer):
    """Projects vectors, float32 [B, dim], to the width of an embedding: [B, e].

    A missing vector, of zeros, is a learned embedding.

    Args:
      dim: e.
      kernel_l2: weight of the squared norm of the kernel.
      stddev: of the initial values of what stands for a missing one.
    """

    def __init__(self, dim: int, kernel_l2: float, stddev: float, name: str) -> None:
        super().__init__(name=name, autocast=False)
        regularizer = keras.regularizers.L2(kernel_l2) if kernel_l2 else None
        # In float32: numbers of any size come from elsewhere.
        self._projection = keras.layers.Dense(
            dim, kernel_regularizer=regularizer, name="projection", dtype="float32"
        )
        self._missing = LearnedDefault(stddev, name="missing")

    def call(self, vectors: tf.Tensor) -> tf.Tensor:
        """Returns the embeddings in the compute dtype."""
        present = tf.reduce_any(tf.not_equal(vectors, 0), axis=1)
        # What half precision can't hold is its largest number, and no infinity.
        projected = tf.saturate_cast(self._projection(vectors), self.compute_dtype)
        return self._missing(projected, present)
