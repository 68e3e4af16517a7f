"""A label's probability given its parent, of two towers that may contradict each other."""

from __future__ import annotations

import tensorflow as tf

GAP = 1e-3
"""Smallest difference of two log-odds in a row; float32 has them within 1e-6."""


def in_order(joint: tf.Tensor, parent: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of `joint`, lowered to `GAP` below `parent` where they are not.

    Args:
      joint: log-odds that a label and its parents hold, float32.
      parent: log-odds that its parents hold, float32.
    """
    return tf.minimum(joint, parent - GAP)


def given_parent(joint: tf.Tensor, parent: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of ``P(label | parent) = P(label, parent) / P(parent)``.

    With z and v the log-odds of numerator and denominator, z < v, the odds are
    ``P(label, parent) / (P(parent) - P(label, parent))``, and

        P(parent) - P(label, parent) = sigmoid(v) sigmoid(-z) (1 - exp(z - v)),

    so that no difference of two probabilities is taken. Of log-odds so large that float32 has
    rounded the gap away, it is finite all the same.

    Args:
      joint: z, float32; at least `GAP` below `parent`.
      parent: v, float32.
    """
    apart = tf.maximum(parent - joint, GAP / 2)
    return joint - tf.math.log_sigmoid(parent) - tf.math.log(-tf.math.expm1(-apart))
