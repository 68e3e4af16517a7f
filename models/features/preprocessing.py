"""The transform graph: raw columns of the log to indices and z-scores.

The graph is built from the contract alone. Every output has a transformed name of
`models.features.inputs`, never a raw one, and is of shape [B], or [B, L] of a list. Labels are not
touched.

How a value becomes an index, with n known values and `oov` hash buckets:
  known value: its position, [0, n);
  anything else (unseen, out of its domain, missing): n + hash(value) % oov.
A number with k buckets gets its quantile [0, k), and k where it is missing or not finite.
Columns that share a table share its vocabulary, which is learned from the values of all of them:
one value has one index wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from common import missing_values
from models.features.inputs import SCENARIO_KEY, index_key, value_key
from models.features.kept_values import kept_list
from models.features.list_outputs import list_outputs
from models.features.vocabularies import (
    learns_vocabulary,
    min_count,
    of_table,
    oov_buckets,
    table_lists,
    vocabulary_name,
)
from schemas.column import Column
from schemas.contract import Contract, parse_schema, read_contract
from schemas.tags import Numeric, Vector

MISSING: dict[str, Any] = {
    kind: missing_values.MISSING[dtype]
    for kind, dtype in {"int": "int64", "float": "float32", "bytes": "string"}.items()
}
"""What stands for a missing value in a dense tensor, by column type."""


def preprocessing_fn(
    inputs: Mapping[str, Any], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor]:
    """Transforms raw columns to model inputs; called by the stock Transform component.

    Args:
      inputs: raw columns: dense [B, 1], or SparseTensor [B, L] where a value may be missing and
        of lists; dense [B, dim] of vectors that every row has.
      custom_config: `schema` is the contract in text format.

    Returns:
      `index_key`, `value_key` of the features and SCENARIO_KEY, each [B], and the outputs of
      the lists (`list_outputs`).
    """
    contract = read_contract(parse_schema(custom_config["schema"]))
    outputs = {SCENARIO_KEY: _scenario(contract, inputs)}
    kept = {
        column.name: kept_list(column, inputs[column.name])
        for column in contract.list_features
        if not isinstance(column.list_treatment, Vector)
    }
    in_lists: dict[str, tf.Tensor] = {}
    for column in (*contract.features, *contract.list_features):
        if isinstance(column.treatment, Numeric):
            outputs.update(_number(column, inputs[column.name], column.treatment.buckets))
        elif of_table(column) == column.name:
            raw = inputs[column.name] if column.treatment is not None else None
            lists = table_lists(contract, column)
            own, found = _indices(column, raw, [kept[x.name].values for x in lists])
            if own is not None:
                outputs[index_key(column.graph_name)] = own
            in_lists.update(zip((x.name for x in lists), found, strict=True))
    return {**outputs, **list_outputs(contract, inputs, kept, in_lists)}


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


def _indices(
    owner: Column, raw: Any | None, lists: Sequence[tf.Tensor]
) -> tuple[tf.Tensor | None, list[tf.Tensor]]:
    """Looks up all that reads one table, at once: a table of millions is in memory once.

    Args:
      owner: the column whose table it is.
      raw: its values where it has one a row, else None.
      lists: the kept values of the lists that read the table, each [n].

    Returns:
      The indices of the owner's rows, [B], where it has one value a row, and of the lists.
    """
    dense = [] if raw is None else [dense_column(owner, raw)]
    parts = [*dense, *lists]
    if learns_vocabulary(owner):
        # The analyzer sees values that are there; the sentinel of a missing one is never learned.
        seen = raw if not lists else _joined([*_present(raw), *lists])
        vocabulary = tft.vocabulary(
            seen,
            frequency_threshold=min_count(owner),
            vocab_filename=vocabulary_name(owner.graph_name),
        )
        oov = oov_buckets(owner)
        found = tft.apply_vocabulary(_joined(parts), vocabulary, num_oov_buckets=oov)
    else:
        found = _fixed(owner, _joined(parts))
    indices = [found] if len(parts) == 1 else tf.split(found, [tf.size(part) for part in parts])
    return (indices[0], indices[1:]) if dense else (None, indices)


def _present(raw: Any | None) -> Iterable[tf.Tensor]:
    if raw is None:
        return []
    return [raw.values if isinstance(raw, tf.SparseTensor) else tf.reshape(raw, [-1])]


def _joined(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)


def _fixed(owner: Column, values: tf.Tensor) -> tf.Tensor:
    if owner.int_range is None:
        text = values if owner.type == "bytes" else tf.strings.as_string(values)
        return _table(owner.values, oov_buckets(owner)).lookup(text)
    low, high = owner.int_range
    bucket = tf.strings.to_hash_bucket_fast(tf.strings.as_string(values), oov_buckets(owner))
    known = tf.logical_and(values >= low, values <= high)
    return tf.where(known, values - low, high - low + 1 + bucket)


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
