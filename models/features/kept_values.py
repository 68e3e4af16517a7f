"""The values of lists that a model reads: of a longer list the newest, or the first."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from schemas.column import Column
from schemas.tags import MultiValue, Sequence


class KeptValues(NamedTuple):
    """The values of a batch's lists, cut to at most L a row.

    Attributes:
      positions: row and place of every value, in [0, B) and [0, L), row by row: int64 [n, 2].
      values: in that order: [n].
      lengths: how many values every row has: int64 [B].
    """

    positions: tf.Tensor
    values: tf.Tensor
    lengths: tf.Tensor


def row_lengths(raw: tf.SparseTensor) -> tf.Tensor:
    """Counts the values of every row of a [B, L] tensor: int64 [B]."""
    ones = tf.ones_like(raw.indices[:, 0])
    return tf.math.unsorted_segment_sum(ones, raw.indices[:, 0], raw.dense_shape[0])


def kept_values(raw: tf.SparseTensor, length: int, newest: bool) -> KeptValues:
    """Cuts lists to their last `length` values, or to their first.

    Args:
      raw: [B, any], each row's values side by side from its first place on.
      length: L.
      newest: whether of a longer list the last values are kept.
    """
    rows, places = raw.indices[:, 0], raw.indices[:, 1]
    lengths = row_lengths(raw)
    if newest:
        places -= tf.gather(tf.maximum(lengths - length, 0), rows)
    kept = tf.logical_and(places >= 0, places < length)
    positions = tf.boolean_mask(tf.stack([rows, places], axis=1), kept)
    return KeptValues(
        positions,
        tf.boolean_mask(raw.values, kept),
        tf.minimum(lengths, tf.constant(length, tf.int64)),
    )


def kept_list(column: Column, raw: tf.SparseTensor) -> KeptValues:
    """Cuts the lists of a sequence (to the newest) or of a multi-valued column (to the first)."""
    treatment = column.list_treatment
    assert isinstance(treatment, Sequence | MultiValue)
    return kept_values(raw, treatment.length, newest=isinstance(treatment, Sequence))


def padded(kept: KeptValues, values: tf.Tensor, length: int) -> tf.Tensor:
    """Puts one number a kept value to its place: [B, L], 0 behind a row's last one.

    Args:
      kept: the places.
      values: the numbers, [n].
      length: L.
    """
    shape = tf.stack([tf.size(kept.lengths, tf.int64), tf.constant(length, tf.int64)])
    return tf.ensure_shape(tf.scatter_nd(kept.positions, values, shape), [None, length])
