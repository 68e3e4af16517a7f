"""A softmax that gives equal rows equal weights, bit by bit."""

from __future__ import annotations

import tensorflow as tf

# Far below any logit, and not infinite: its exponential is exactly 0, and nothing becomes NaN.
_MASKED = -1e9


def softmax(logits: tf.Tensor, axis: int = -1, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Returns ``exp(x - max x) / sum exp(x - max x)`` along an axis, in the logits' dtype.

    The same as `tf.nn.softmax` but for the last bit: that one multiplies by a reciprocal, which is
    rounded in one way or another by where a row stands in the batch. Two equal rows would have
    scores that differ, and rank otherwise than they tie.

    Args:
      logits: any float, finite.
      axis: which.
      mask: bool, False where the weight shall be exactly 0; broadcasts to the logits. Where it is
        False all along the axis, all weights are equal. None masks nothing.
    """
    if mask is not None:
        # Before the softmax: the weights of what is left sum to 1.
        logits = tf.where(mask, logits, tf.cast(_MASKED, logits.dtype))
    largest = tf.stop_gradient(tf.reduce_max(logits, axis=axis, keepdims=True))
    shares = tf.exp(logits - largest)
    return shares / tf.reduce_sum(shares, axis=axis, keepdims=True)
