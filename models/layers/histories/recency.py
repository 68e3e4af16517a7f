"""The order in which layers read a history: newest first."""

from __future__ import annotations

import tensorflow as tf


def mask_of(lengths: tf.Tensor, length: int) -> tf.Tensor:
    """Returns where rows have a value, bool [B, L].

    Args:
      lengths: how many values each row has, int [B].
      length: L.
    """
    return tf.sequence_mask(lengths, length)


def newest_first(indices: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Turns lists around: position r is the r-th newest value, its recency, in every row.

    Lists of different lengths have their oldest values at one end; recency then needs no look-up,
    since what depends on it is the same for all rows of a batch. Done to integers it costs little.

    Args:
      indices: oldest first, int [B, L].
      lengths: how many values each row has, int [B].

    Returns:
      int [B, L]; 0 behind a row's oldest value.
    """
    length = indices.shape[1]
    lengths = tf.cast(lengths, tf.int32)
    positions = lengths[:, tf.newaxis] - 1 - tf.range(length)
    found = tf.gather(indices, tf.maximum(positions, 0), batch_dims=1)
    return tf.where(mask_of(lengths, length), found, tf.zeros_like(found))


def oldest_first(values: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Undoes `newest_first` for embeddings [B, L, w]; zeros behind a row's newest value."""
    length = values.shape[1]
    lengths = tf.cast(lengths, tf.int32)
    positions = lengths[:, tf.newaxis] - 1 - tf.range(length)
    found = tf.gather(values, tf.maximum(positions, 0), batch_dims=1)
    return tf.where(mask_of(lengths, length)[:, :, tf.newaxis], found, tf.zeros_like(found))
