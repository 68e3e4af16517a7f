"""Pooling of a row's values into one vector; what stands where the mask is False never matters."""

from __future__ import annotations

import tensorflow as tf


def weighted_sum(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns ``sum_l weights[b, l] values[b, l]``, [B, w] in the values' dtype.

    Args:
      values: [B, L, w].
      weights: [B, L], 0 where there is no value.
    """
    weights = tf.cast(weights, values.dtype)
    return tf.squeeze(tf.matmul(weights[:, tf.newaxis], values), 1)


def shares(weights: tf.Tensor) -> tf.Tensor:
    """Divides weights [B, L] by their row's sum; zeros where that is zero. Float32."""
    weights = tf.cast(weights, tf.float32)
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights, axis=1, keepdims=True))


def masked_mean(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Averages each row's values [B, L, w] where the mask, bool [B, L], is True; else zeros."""
    return weighted_sum(values, shares(mask))


def masked_max(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Takes the largest of each column of [B, L, w] where the mask is True; else zeros."""
    present = mask[:, :, tf.newaxis]
    largest = tf.reduce_max(tf.where(present, values, values.dtype.min), axis=1)
    return tf.where(tf.reduce_any(present, axis=1), largest, tf.zeros_like(largest))
