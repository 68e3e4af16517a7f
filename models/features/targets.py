"""Targets and weights of the outputs, computed from the logged labels.

They are no part of the transform graph: serving never needs a label, and the
Evaluator gets the same numbers from the exported signature `evaluation_targets`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from models.features.inputs import ROW_WEIGHT_KEY, target_key, weight_key
from models.features.parsing import DTYPES, is_missing
from models.features.preprocessing import MISSING
from schemas.contract import Contract
from schemas.label_values import is_positive
from schemas.task_graph import Label


def label_feature_spec(contract: Contract) -> dict[str, Any]:
    """Returns the parsing spec of the labels, the row's weight and its sampling rates."""
    spec = {}
    for label in contract.tasks.labels:
        kind = contract.column(label.column).type
        missing = MISSING[kind] if label.optional else None
        spec[label.column] = tf.io.FixedLenFeature([], DTYPES[kind], default_value=missing)
    if contract.weight is not None:
        dtype = tf.int64 if contract.weight.type == "int" else tf.float32
        spec[contract.weight.name] = tf.io.FixedLenFeature([], dtype, default_value=None)
    if contract.sampling_rate is not None:
        name = contract.sampling_rate.name
        spec[name] = tf.io.FixedLenFeature([], tf.float32, default_value=None)
    spec[contract.sampling_rate_key] = tf.io.FixedLenFeature([], tf.float32, default_value=1.0)
    return spec


def targets_of(contract: Contract, columns: dict[str, Any]) -> dict[str, Any]:
    """Computes all targets and weights from parsed label columns.

    A row that stands for others, which sampling left out, weighs as much as all of them: its
    weight is divided by its sampling rates, the log's own and ours. An output's target is the
    product of its `target` labels; its weight is the row's weight times the product of its
    `space` labels, so a row outside the output's space weighs 0.

    So does a row of which a label of the target or the space is not known yet, though a
    product is 0 wherever one of its labels is: rows that are left out by what is not known of
    the others must be left out whatever the label is, or the rest has too few positives.

    Args:
      contract: the data contract.
      columns: the tensors of `label_feature_spec`, each [B].

    Returns:
      `target_key(o)` and `weight_key(o)` of every output, and ROW_WEIGHT_KEY;
      float32 [B].
    """
    labels = {
        label.name: _Label(*_positive_and_known(contract, label, columns[label.column]))
        for label in contract.tasks.labels
    }
    if contract.weight is None:
        row_weight = tf.ones_like(next(iter(labels.values())).positive)
    else:
        row_weight = tf.cast(columns[contract.weight.name], tf.float32)
    row_weight /= columns[contract.sampling_rate_key]
    if contract.sampling_rate is not None:
        row_weight /= columns[contract.sampling_rate.name]
    found = {ROW_WEIGHT_KEY: row_weight}
    for output in contract.tasks.outputs:
        target, known = labels[output.target[0]]
        for name in output.target[1:]:
            target *= labels[name].positive
            known *= labels[name].known
        weight = row_weight * known
        for name in output.space:
            weight *= labels[name].positive
        found[target_key(output.name)] = target
        found[weight_key(output.name)] = weight
    return found


class _Label(NamedTuple):
    """1 or 0, float32 [B]; a row of which the label is not known is not positive."""

    positive: Any
    known: Any


def _positive_and_known(contract: Contract, label: Label, values: Any) -> tuple[Any, Any]:
    kind = contract.column(label.column).type
    known = tf.ones_like(values, tf.bool)
    if label.optional:
        known = tf.logical_not(is_missing(kind, values))
    positive = tf.logical_and(known, is_positive(label, kind, values))
    return tf.cast(positive, tf.float32), tf.cast(known, tf.float32)


def evaluation_targets(contract: Contract, serialized: Any) -> dict[str, Any]:
    """Parses serialized examples to the targets and weights that the Evaluator reads.

    Args:
      contract: the data contract.
      serialized: string [B], tf.Example with at least the label and weight columns.

    Returns:
      `target_key(o)` and `weight_key(o)` of every output; float32 [B].

    Raises:
      tf.errors.InvalidArgumentError: an example lacks a label that may not be missing.
    """
    columns = tf.io.parse_example(serialized, label_feature_spec(contract))
    found = targets_of(contract, columns)
    del found[ROW_WEIGHT_KEY]
    return found
