"""The losses that layers add to a model."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf


def penalty_share(losses: Iterable[tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
    """Returns this replica's share of what layers have added (`add_loss`), a float32 scalar.

    Args:
      losses: vectors [B], losses of this replica's rows; scalars, penalties on parameters, which
        are the same in every replica.
      rows: float32, the rows of the global batch.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    shares = [tf.zeros([])]
    for loss in losses:
        divisor = rows if loss.shape.rank == 1 else float(replicas)
        shares.append(tf.reduce_sum(tf.cast(loss, tf.float32)) / divisor)
    return tf.add_n(shares)
