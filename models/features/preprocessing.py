"""The transform graph: raw columns of the log to indices and z-scores.

The graph is built from the contract alone. Every output has a transformed name of
`models.features.inputs`, never a raw one, and is of shape [B]. Labels are not touched.

How a value becomes an index, with n known values and `oov` hash buckets:
  known value: its position, [0, n);
  anything else (unseen, out of its domain, missing): n + hash(value) % oov.
A number with k buckets gets its quantile [0, k), and k where it is missing or not finite.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from common import missing_values
from models.features.inputs import SCENARIO_KEY, index_key, value_key
from schemas.column import Column
from schemas.contract import Contract, parse_schema, read_contract
from schemas.tags import Id, Numeric

MISSING: dict[str, Any] = {
    kind: missing_values.MISSING[dtype]
    for kind, dtype in {"int": "int64", "float": "float32", "bytes": "string"}.items()
}
"""What stands for a missing value in a dense tensor, by column type."""

_LONGEST_NAME = 120


def learns_vocabulary(column: Column) -> bool:
    """True where the column's known values are learned from the log, False where they are fixed."""
    if isinstance(column.treatment, Numeric) or column.treatment is None:
        return False
    if isinstance(column.treatment, Id):
        return True
    return not column.values and column.int_range is None


def vocabulary_name(name: str) -> str:
    """The name of a vocabulary among the transform graph's assets, which are files.

    Args:
      name: the graph name of its column. A long one is cut, since a file's name has 255 bytes
        and TensorFlow adds its own endings.
    """
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()
        # No graph name holds a hyphen, so that no other column's name is this one.
        name = f"{name[: _LONGEST_NAME // 2]}-{digest[:16]}"
    return f"{name}__vocabulary"


def preprocessing_fn(
    inputs: Mapping[str, Any], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor]:
    """Transforms raw columns to model inputs; called by the stock Transform component.

    Args:
      inputs: raw columns: dense [B, 1], or SparseTensor [B, L] where a value may be missing.
      custom_config: `schema` is the contract in text format.

    Returns:
      `index_key`, `value_key` of the features and SCENARIO_KEY; each [B].
    """
    contract = read_contract(parse_schema(custom_config["schema"]))
    outputs = {SCENARIO_KEY: _scenario(contract, inputs)}
    for column in contract.features:
        raw = inputs[column.name]
        if isinstance(column.treatment, Numeric):
            outputs.update(_number(column, raw, column.treatment.buckets))
        elif learns_vocabulary(column):
            outputs[index_key(column.graph_name)] = _learned(column, raw)
        else:
            outputs[index_key(column.graph_name)] = _fixed(column, dense_column(column, raw))
    return outputs


def dense_column(column: Column, raw: Any) -> tf.Tensor:
    """Makes [B] of [B, 1] or of a SparseTensor: its first value, or the missing value."""
    if not isinstance(raw, tf.SparseTensor):
        return tf.reshape(raw, [-1])
    missing = tf.constant(MISSING[column.type], raw.dtype)
    first = tf.sparse.slice(raw, [0, 0], tf.stack([raw.dense_shape[0], 1]))
    rows = tf.fill(tf.cast(raw.dense_shape[:1], tf.int32), missing)
    return tf.tensor_scatter_nd_update(rows, first.indices[:, :1], first.values)


def _table(values: tuple[str, ...], oov: int) -> tf.lookup.StaticVocabularyTable:
    with tf.init_scope():
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(values, tf.string), tf.range(len(values), dtype=tf.int64)
        )
        return tf.lookup.StaticVocabularyTable(initializer, oov)


def _oov(column: Column) -> int:
    assert column.treatment is not None and not isinstance(column.treatment, Numeric)
    return column.treatment.oov


def _fixed(column: Column, dense: tf.Tensor) -> tf.Tensor:
    if column.int_range is None:
        text = dense if column.type == "bytes" else tf.strings.as_string(dense)
        return _table(column.values, _oov(column)).lookup(text)
    low, high = column.int_range
    bucket = tf.strings.to_hash_bucket_fast(tf.strings.as_string(dense), _oov(column))
    known = tf.logical_and(dense >= low, dense <= high)
    return tf.where(known, dense - low, high - low + 1 + bucket)


def _learned(column: Column, raw: Any) -> tf.Tensor:
    # The analyzer sees values that are there; the sentinel of a missing one is never learned.
    threshold = column.treatment.min_count if isinstance(column.treatment, Id) else None
    vocabulary = tft.vocabulary(
        raw, frequency_threshold=threshold, vocab_filename=vocabulary_name(column.graph_name)
    )
    return tft.apply_vocabulary(dense_column(column, raw), vocabulary, num_oov_buckets=_oov(column))


def _number(column: Column, raw: Any, buckets: int) -> dict[str, tf.Tensor]:
    dense = dense_column(column, raw)
    present = tf.math.is_finite(dense) if column.type == "float" else dense != tf.int64.min
    rows = tf.where(present)
    numbers = tf.cast(tf.gather_nd(dense, rows), tf.float32)
    batch = tf.shape(dense, tf.int64)
    scores = tf.scatter_nd(rows, tft.scale_to_z_score(numbers), batch)
    outputs = {value_key(column.graph_name): scores}
    if buckets:
        found = tft.bucketize(numbers, buckets)
        missing = tf.fill(tf.cast(batch, tf.int32), tf.constant(buckets, tf.int64))
        outputs[index_key(column.graph_name)] = tf.tensor_scatter_nd_update(missing, rows, found)
    return outputs


def _scenario(contract: Contract, inputs: Mapping[str, Any]) -> tf.Tensor:
    """Position in the contract's list; a scenario that is not in it is scored as the first one."""
    if contract.scenario is None:
        some = contract.features[0]
        return tf.zeros(tf.shape(dense_column(some, inputs[some.name])), tf.int64)
    position = _table(contract.scenarios, 1).lookup(
        dense_column(contract.scenario, inputs[contract.scenario.name])
    )
    return tf.where(position < len(contract.scenarios), position, 0)
