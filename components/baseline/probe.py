"""Whether a pushed version can still be compared under today's contract."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from common.names import SERVING_DEFAULT
from schemas.column import Column
from schemas.contract import Contract
from serving.errors import ModelLoadError
from serving.loading.loader import LoadedModel, load


class Unusable(NamedTuple):
    """Why a version can't be the baseline.

    Attributes:
      reason: in a few words.
      loads: whether it can be loaded at all.
    """

    reason: str
    loads: bool


def _feature(column: Column) -> Any:
    if column.type == "bytes":
        value = column.values[0].encode() if column.values else b""
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if column.type == "float":
        return tf.train.Feature(float_list=tf.train.FloatList(value=[0.0]))
    smallest = column.int_range[0] if column.int_range else 0
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[smallest]))


def sample_example(contract: Contract) -> bytes:
    """Returns a serialized tf.Example with one legal value in every column."""
    features = {column.name: _feature(column) for column in contract.columns}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def why_not(contract: Contract, path: str) -> Unusable | None:
    """Says why the SavedModel at `path` can't be the baseline; None where it can.

    It must load as TF Serving loads it, have the outputs of the contract, and score a row
    that has the contract's columns and no others: a version that needs a column that has
    since been dropped would stop the Evaluator.
    """
    try:
        model = load(path)
    except ModelLoadError as error:
        return Unusable(str(error), loads=False)
    try:
        reason = _why_not(contract, model)
        return None if reason is None else Unusable(reason, loads=True)
    finally:
        model.close()


def _why_not(contract: Contract, model: LoadedModel) -> str | None:
    signature = model.signatures.get(SERVING_DEFAULT)
    if signature is None:
        return f"it has no signature '{SERVING_DEFAULT}'"
    wanted = {output.name for output in contract.tasks.outputs}
    got = set(signature.spec.outputs)
    if got != wanted:
        return (
            f"its outputs ({', '.join(sorted(got))}) are not the contract's "
            f"({', '.join(sorted(wanted))})"
        )
    if len(signature.spec.inputs) != 1:
        return f"its signature '{SERVING_DEFAULT}' does not take serialized examples alone"
    (name,) = signature.spec.inputs
    row = np.array([sample_example(contract)], dtype=object)
    try:
        signature.run({name: row})
    except tf.errors.OpError as error:
        return f"it can't score a row of today's contract: {error.message.splitlines()[0]}"
    return None
