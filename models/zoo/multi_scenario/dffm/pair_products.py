"""The inner products of all pairs of embeddings."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def pair_products(embeddings: tf.Tensor) -> tf.Tensor:
    """Returns ``<e_i, e_j>`` of every pair i < j: [B, n, e] -> [B, n (n - 1) / 2].

    DFFM's equation 7 lists ordered pairs; an inner product is the same both ways, and each is
    taken once: (0, 1), (0, 2), ..., (1, 2), ...
    """
    count = embeddings.shape[1]
    products = tf.matmul(embeddings, embeddings, transpose_b=True)
    first, second = np.triu_indices(count, 1)
    flat = tf.reshape(products, [-1, count * count])
    return tf.gather(flat, tf.constant(first * count + second, tf.int32), axis=1)
