"""Sums over the rows of every scenario in the global batch."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def scenario_sums(values: Sequence[tf.Tensor], own: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
    """Sums rows by scenario, over all replicas; gradients go back to the rows of all of them.

    Where the step is compiled with XLA, which allows no exchange inside, every replica sums its
    own rows. Added up in float64: of a float32 product GPUs keep three digits (TensorFloat-32),
    which leaves nothing of the spread of values that lie far from zero.

    Args:
      values: of the rows, float32 [B, width] each.
      own: the rows' one-hot scenarios, [B, K].

    Returns:
      The sums, float32 [K, width] each, and the number of rows, float32 [K, 1].
    """
    members = tf.cast(own, tf.float64)
    sums = [tf.matmul(members, tf.cast(value, tf.float64), transpose_a=True) for value in values]
    counts = tf.reduce_sum(members, axis=0)[:, tf.newaxis]
    *sums, counts = (tf.cast(x, tf.float32) for x in _over_replicas([*sums, counts]))
    return sums, counts


def _over_replicas(values: list[tf.Tensor]) -> list[tf.Tensor]:
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return values
    try:
        return list(context.all_reduce(tf.distribute.ReduceOp.SUM, values))
    except RuntimeError:
        # A strategy refuses, before it does anything, to exchange inside a nested function.
        return values
