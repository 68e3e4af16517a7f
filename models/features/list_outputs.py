"""What the transform graph makes of lists: indices and lengths, weights, vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from models.features.inputs import indices_key, lengths_key, vector_key, weights_key
from models.features.kept_values import KeptValues, kept_values, padded
from schemas.contract import Contract
from schemas.tags import MultiValue, Sequence, Vector


def list_outputs(
    contract: Contract,
    inputs: Mapping[str, Any],
    kept: Mapping[str, KeptValues],
    indices: Mapping[str, tf.Tensor],
) -> dict[str, tf.Tensor]:
    """Makes the outputs of all lists.

    Args:
      contract: the data contract.
      inputs: the raw columns.
      kept: column -> the values of a sequence or of a multi-valued column that a model reads.
      indices: column -> the index of each of them, int64 [n]; of the columns that read a table.

    Returns:
      `indices_key`, `lengths_key`, `weights_key` and `vector_key` of the features.
    """
    outputs = {}
    for column in contract.list_features:
        name, treatment = column.graph_name, column.list_treatment
        if isinstance(treatment, Vector):
            outputs[vector_key(name)] = _vector(treatment, inputs[column.name])
            continue
        assert isinstance(treatment, Sequence | MultiValue)
        values = kept[column.name]
        found = indices.get(column.name)
        if found is None:
            assert isinstance(treatment, Sequence)
            found = _quantiles(values.values, treatment.buckets)
        outputs[indices_key(name)] = padded(values, found, treatment.length)
        if isinstance(treatment, MultiValue):
            outputs[lengths_key(name)] = values.lengths
            if treatment.weights is not None:
                outputs[weights_key(name)] = _weights(treatment, inputs[treatment.weights])
    for group in contract.sequence_groups:
        outputs[lengths_key(group.name)] = kept[group.columns[0].name].lengths
    return outputs


def _weights(treatment: MultiValue, raw: tf.SparseTensor) -> tf.Tensor:
    weights = kept_values(raw, treatment.length, newest=False)
    numbers = tf.cast(weights.values, tf.float32)
    # A log has none that is not finite, and our client refuses it; another client may send it.
    numbers = tf.where(tf.math.is_finite(numbers), numbers, 0.0)
    return padded(weights, numbers, treatment.length)


def _quantiles(values: tf.Tensor, buckets: int) -> tf.Tensor:
    """Quantile [0, buckets) of every number [n], and `buckets` where it is not finite."""
    numbers = tf.cast(values, tf.float32)
    rows = tf.where(tf.math.is_finite(numbers))
    found = tft.bucketize(tf.gather_nd(numbers, rows), buckets)
    missing = tf.fill(tf.shape(numbers), tf.constant(buckets, tf.int64))
    return tf.tensor_scatter_nd_update(missing, rows, found)


def _vector(treatment: Vector, raw: Any) -> tf.Tensor:
    """Makes float32 [B, dim]; zeros where a row lacks one of its numbers, or one is not finite."""
    dim = treatment.dim
    if isinstance(raw, tf.SparseTensor):
        first = kept_values(raw, dim, newest=False)
        # A row with fewer numbers has no vector.
        numbers = padded(first, first.values, dim)
        present = first.lengths == dim
    else:
        numbers = tf.ensure_shape(tf.reshape(raw, [-1, dim]), [None, dim])
        present = tf.fill(tf.shape(numbers)[:1], True)
    present = tf.logical_and(present, tf.reduce_all(tf.math.is_finite(numbers), axis=1))
    numbers = tf.where(present[:, tf.newaxis], numbers, 0.0)
    if treatment.normalize == "l2":
        # Divided by the largest first: the square of a large number is no float32.
        largest = tf.reduce_max(tf.abs(numbers), axis=1, keepdims=True)
        numbers = tf.math.divide_no_nan(numbers, largest)
        numbers = tf.math.divide_no_nan(numbers, tf.norm(numbers, axis=1, keepdims=True))
    return numbers
