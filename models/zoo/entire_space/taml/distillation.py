"""The fused score of several learners, and what it teaches them, in log-odds."""

from __future__ import annotations

import tensorflow as tf

from models.losses.log_odds import average


def fused(log_odds: tf.Tensor, gate: tf.Tensor | None = None) -> tf.Tensor:
    """Returns the log-odds of ``q = sum_k w_k p_k``, float32 [...].

    The weights are 1 / N, or ``w = softmax(v)``. Their normaliser stands in q and in 1 - q and
    cancels: with ``log p`` and ``log (1 - p)`` of the log-odds z,

        log q / (1 - q) = log sum_k exp(v_k + log p_k) - log sum_k exp(v_k + log(1 - p_k))

    Args:
      log_odds: of the N learners, float32 [N, ...].
      gate: v, float32 [N, ...]; None for equal weights.
    """
    if gate is None:
        return average(log_odds)
    holds = tf.reduce_logsumexp(gate + tf.math.log_sigmoid(log_odds), axis=0)
    return holds - tf.reduce_logsumexp(gate + tf.math.log_sigmoid(-log_odds), axis=0)


def taught(teacher: tf.Tensor, learner: tf.Tensor) -> tf.Tensor:
    """Returns ``-q log p - (1 - q) log(1 - p)``, elementwise; q is a constant.

    It is least, the entropy of q, at p = q. Both q and 1 - q are computed from the log-odds, so
    that a sure teacher is still a soft target.

    Args:
      teacher: log-odds of q, float32.
      learner: log-odds of p, float32.
    """
    teacher = tf.stop_gradient(teacher)
    holds = tf.sigmoid(teacher) * tf.math.log_sigmoid(learner)
    return -holds - tf.sigmoid(-teacher) * tf.math.log_sigmoid(-learner)
