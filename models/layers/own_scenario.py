"""Selection of what belongs to a row's own scenario."""

from __future__ import annotations

import tensorflow as tf


def own_scenario(values: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
    """Selects every row's own scenario: [B, K, ...] and int [B] -> [B, ...].

    A product with the one-hot scenario, not a gather: exact (the others are multiplied by
    zero), deterministic backwards on every device, and without a mask that reorders rows.
    """
    mask = tf.one_hot(scenario, values.shape[1], dtype=values.dtype)
    mask = tf.reshape(mask, [-1, values.shape[1], *([1] * (values.shape.rank - 2))])
    return tf.reduce_sum(values * mask, axis=1)


def own_of_stack(values: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
    """Selects every row's own scenario of a stack: [K, ..., B, width] -> [..., B, width].

    As `own_scenario`, for values whose leading axis is the scenario (see `StackedDense`).
    """
    stack, *axes, _, _ = values.shape
    mask = tf.transpose(tf.one_hot(scenario, stack, dtype=values.dtype))
    mask = tf.reshape(mask, [stack, *([1] * len(axes)), -1, 1])
    return tf.reduce_sum(values * mask, axis=0)
