"""A softmax that gives equal rows equal weights, bit by bit."""

from __future__ import annotations

import tensorflow as tf


def softmax(logits: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Returns ``exp(x - max x) / sum exp(x - max x)`` along an axis, in the logits' dtype.

    The same as `tf.nn.softmax` but for the last bit: that one multiplies by a reciprocal, which is
    rounded in one way or another by where a row stands in the batch. Two equal rows would have
    scores that differ, and rank otherwise than they tie.

    Args:
      logits: any float, finite.
      axis: which.
    """
    largest = tf.stop_gradient(tf.reduce_max(logits, axis=axis, keepdims=True))
    shares = tf.exp(logits - largest)
    return shares / tf.reduce_sum(shares, axis=axis, keepdims=True)
