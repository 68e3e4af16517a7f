"""One embedding of several values of equal standing."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.histories.learned_default import LearnedDefault
from models.layers.histories.pooling import masked_max, shares, weighted_sum


class MultiValue(keras.layers.Layer):
    """Pools a row's values: embeddings [B, L, e] -> [B, e]; a row without values: learned.

    With weights w of the values (1 where the column has none) and x their embeddings,
    `sum` is ``sum w x``, `mean` ``sum w x / sum w`` (zero where the weights add up to zero), and
    `max` the largest of each column of ``w x``.

    Args:
      pooling: `mean`, `sum` or `max`.
      stddev: of the initial values of what stands for no values.
    """

    def __init__(self, pooling: str, stddev: float, name: str) -> None:
        super().__init__(name=name, autocast=False)
        self._pooling = pooling
        self._empty = LearnedDefault(stddev, name="empty")

    def call(
        self, embeddings: tf.Tensor, mask: tf.Tensor, weights: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns the pooled embeddings in the embeddings' dtype.

        Args:
          embeddings: of the values, [B, L, e].
          mask: where there is a value, bool [B, L].
          weights: of the values, float32 [B, L]; None for 1.
        """
        factors, dtype = tf.cast(mask, tf.float32), embeddings.dtype
        if weights is not None:
            factors = tf.where(mask, weights, 0.0)
            if self._pooling != "mean":
                # Half precision can't hold every weight, nor every product.
                embeddings = tf.cast(embeddings, tf.float32)
        if self._pooling == "max":
            if weights is not None:
                embeddings *= factors[:, :, tf.newaxis]
            pooled = masked_max(embeddings, mask)
        elif self._pooling == "mean":
            pooled = weighted_sum(embeddings, shares(factors))
        else:
            pooled = weighted_sum(embeddings, factors)
        return self._empty(tf.saturate_cast(pooled, dtype), mask[:, 0])
