"""The batches of a training: their rows over all replicas, and the one that weights are made on."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from models.features.inputs import (
    SCENARIO_KEY,
    InputLayout,
    lengths_key,
    value_key,
    weights_key,
)


def global_rows(batch: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Counts the rows of a batch over all replicas, float32; call it in a replica."""
    rows = tf.cast(tf.shape(batch[SCENARIO_KEY])[0], tf.float32)
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, rows)


def one_row(layout: InputLayout) -> dict[str, tf.Tensor]:
    """A batch of one row, on which a model makes its weights; its lists have one value."""
    zero, one = tf.zeros([1], tf.int64), tf.ones([1], tf.int64)
    numbers = {value_key(name): tf.zeros([1]) for name in layout.numeric}
    batch = {SCENARIO_KEY: zero, **{field.key: zero for field in layout.fields}, **numbers}
    for group in layout.sequences:
        batch[lengths_key(group.name)] = one
        batch |= {x.key: tf.zeros([1, group.length], tf.int64) for x in group.columns}
    for field in layout.multi_values:
        batch[lengths_key(field.name)] = one
        batch[field.key] = tf.zeros([1, field.length], tf.int64)
        if field.weighted:
            batch[weights_key(field.name)] = tf.ones([1, field.length])
    batch |= {vector.key: tf.zeros([1, vector.dim]) for vector in layout.vectors}
    return batch
