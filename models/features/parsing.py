"""Raw columns as the transform graph takes them, from examples or from dense tensors.

All rows come through here: in training, in validation and in both serving signatures.
A column marked `train_only` is read from the log in training alone; everywhere else
its default stands in, so that the model is judged on what it will see when it serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from models.features.preprocessing import MISSING
from models.features.request_lists import checked_lists, raw_lists, request_lists
from schemas.column import Column, ColumnType
from schemas.contract import Contract
from schemas.tags import Vector

DTYPES = {"int": tf.int64, "float": tf.float32, "bytes": tf.string}


def read_columns(contract: Contract, serving: bool) -> tuple[Column, ...]:
    """The columns that are read: all features and the scenario, less `train_only` in serving."""
    if serving:
        return contract.serving_features
    return contract.inputs


def raw_feature_spec(contract: Contract, serving: bool) -> dict[str, Any]:
    """Returns the parsing spec of `read_columns` and of the lists."""
    spec = {
        column.name: tf.io.FixedLenFeature([1], DTYPES[column.type])
        if column.required
        else tf.io.VarLenFeature(DTYPES[column.type])
        for column in read_columns(contract, serving)
    }
    for column in contract.list_columns:
        spec[column.name] = (
            tf.io.FixedLenFeature([column.list_treatment.dim], DTYPES[column.type])
            if column.required and isinstance(column.list_treatment, Vector)
            else tf.io.VarLenFeature(DTYPES[column.type])
        )
    return spec


def is_missing(kind: ColumnType, dense: tf.Tensor) -> tf.Tensor:
    """Says where a tensor holds what stands for a missing value, bool of its shape."""
    return tf.math.is_nan(dense) if kind == "float" else dense == MISSING[kind]


def raw_columns(column: Column, dense: tf.Tensor) -> Any:
    """Turns [B] to what the transform graph takes: [B, 1], or sparse where it may be missing."""
    if column.required:
        return dense[:, tf.newaxis]
    rows = tf.where(tf.math.logical_not(is_missing(column.type, dense)))
    return tf.SparseTensor(
        tf.concat([rows, tf.zeros_like(rows)], axis=1),
        tf.gather_nd(dense, rows),
        tf.stack([tf.shape(dense, tf.int64)[0], 1]),
    )


def with_defaults(
    contract: Contract, columns: Mapping[str, Any], batch_size: Any
) -> dict[str, Any]:
    """Adds the defaults of the `train_only` columns to what `raw_feature_spec` parsed.

    Args:
      contract: the data contract.
      columns: the raw serving columns.
      batch_size: B, a scalar tensor.
    """
    complete = dict(columns)
    for column in contract.features:
        default = column.train_only_default
        if default is not None:
            dense = tf.fill([batch_size], tf.constant(default, DTYPES[column.type]))
            complete[column.name] = raw_columns(column, dense)
    return complete


def request_spec(contract: Contract) -> dict[str, tf.TensorSpec]:
    """Returns the inputs of `predict`: [B] a serving feature; of lists [B, L] and lengths [B]."""
    spec = {
        column.graph_name: tf.TensorSpec([None], DTYPES[column.type])
        for column in contract.serving_features
    }
    for each in request_lists(contract):
        dtype = DTYPES[each.column.type]
        spec[each.column.graph_name] = tf.TensorSpec([None, each.length], dtype)
        if each.lengths is not None:
            spec[each.lengths] = tf.TensorSpec([None], tf.int64)
    return spec


def from_dense(contract: Contract, inputs: Mapping[str, tf.Tensor]) -> dict[str, Any]:
    """Turns the inputs of `predict` to the raw columns, `train_only` defaults included.

    Args:
      contract: the data contract.
      inputs: tensors of `request_spec`.
    """
    columns = {
        column.name: raw_columns(column, inputs[column.graph_name])
        for column in contract.serving_features
    }
    columns.update(raw_lists(contract, inputs))
    batch_size = tf.shape(inputs[contract.serving_features[0].graph_name])[0]
    return with_defaults(contract, columns, batch_size)


def from_examples(contract: Contract, serialized: tf.Tensor) -> dict[str, Any]:
    """Parses serialized examples [B] as a server does; a missing optional column is legal.

    Raises:
      tf.errors.InvalidArgumentError: an example lacks a required column, or its lists do not fit
        one another (`checked_lists`).
    """
    columns = tf.io.parse_example(serialized, raw_feature_spec(contract, serving=True))
    columns = checked_lists(contract, columns)
    return with_defaults(contract, columns, tf.shape(serialized)[0])
