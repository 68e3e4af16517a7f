"""Probabilities by their log-odds.

A prediction is the log-odds z of a probability ``p = sigmoid(z)``. What is composed of several
stays exact where a probability in float32 is 0 or 1 already: beyond |z| = 17 it is, and a loss
of it has no gradient.
"""

from __future__ import annotations

import tensorflow as tf


def both(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of ``p q``, elementwise: two events, the second given the first.

    Args:
      first: log-odds of p, float32.
      second: log-odds of q, float32.
    """
    holds = _log(first) + _log(second)
    return holds - _log_sum(_log(-first), _log(first) + _log(-second))


def either(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of ``1 - (1 - p)(1 - q)``, elementwise."""
    return -both(-first, -second)


def mixed(share: tf.Tensor, inside: tf.Tensor, outside: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of ``s p + (1 - s) q``, elementwise.

    Args:
      share: log-odds of s, float32.
      inside: log-odds of p, where it holds.
      outside: log-odds of q, where it does not.
    """
    holds = _log_sum(_log(share) + _log(inside), _log(-share) + _log(outside))
    fails = _log_sum(_log(share) + _log(-inside), _log(-share) + _log(-outside))
    return holds - fails


def average(log_odds: tf.Tensor) -> tf.Tensor:
    """Returns the log-odds of the mean of probabilities: float32 [n, ...] -> [...]."""
    holds = tf.reduce_logsumexp(_log(log_odds), axis=0)
    return holds - tf.reduce_logsumexp(_log(-log_odds), axis=0)


def cross_entropy(targets: tf.Tensor, log_odds: tf.Tensor) -> tf.Tensor:
    """Returns ``-y log p - (1 - y) log(1 - p)``, float32, elementwise.

    Args:
      targets: y in [0, 1], float32.
      log_odds: of p, float32.
    """
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=log_odds)


def _log(log_odds: tf.Tensor) -> tf.Tensor:
    return tf.math.log_sigmoid(log_odds)


def _log_sum(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.stack([first, second]), axis=0)
