"""A label's probability given its parent, of two towers that may contradict each other."""

from __future__ import annotations

import math

import tensorflow as tf

from models.losses.log_odds import both

_CLOSEST = 1e-6
"""Least difference of two log-odds in `given_parent`: of equal ones the logarithm is finite."""


def in_order(joint: tf.Tensor, parent: tf.Tensor, ceiling: float) -> tf.Tensor:
    """Returns the log-odds of ``min(P(label, parent), ceiling * P(parent))``.

    Args:
      joint: log-odds of a tower that says when a label and its parents hold, float32.
      parent: log-odds that its parents hold, float32.
      ceiling: in (0, 1).
    """
    return tf.minimum(joint, both(parent, _logit(ceiling, parent)))


def given_parent(joint: tf.Tensor, parent: tf.Tensor, ceiling: float) -> tf.Tensor:
    """Returns the log-odds of ``P(label | parent) = P(label, parent) / P(parent)``.

    With z and v the log-odds of numerator and denominator, z < v, the odds are
    ``P(label, parent) / (P(parent) - P(label, parent))``, and

        P(parent) - P(label, parent) = sigmoid(v) sigmoid(-z) (1 - exp(z - v)),

    so that no difference of two probabilities is taken. Where that is above `ceiling`, and where
    z >= v, it is the ceiling's log-odds.

    Args:
      joint: z, float32.
      parent: v, float32.
      ceiling: the largest conditional probability, in (0, 1).
    """
    apart = tf.maximum(parent - joint, _CLOSEST)
    log_odds = joint - tf.math.log_sigmoid(parent) - tf.math.log(-tf.math.expm1(-apart))
    return tf.minimum(log_odds, _logit(ceiling, parent))


def at_ceiling(log_odds: tf.Tensor, ceiling: float) -> tf.Tensor:
    """Returns where a result of `given_parent` is the ceiling, bool."""
    return log_odds >= _logit(ceiling, log_odds)


def _logit(probability: float, like: tf.Tensor) -> tf.Tensor:
    return tf.fill(tf.shape(like), tf.cast(math.log(probability / (1 - probability)), like.dtype))
