"""Whether a pushed version can still be compared under today's contract."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from schemas.contract import Column, Contract

_SIGNATURE = "serving_default"


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


def why_not(contract: Contract, path: str) -> str | None:
    """Says why the SavedModel at `path` can't be the baseline; None where it can.

    It must load as TF Serving loads it (the v1 loader), have the outputs of the contract, and
    score a row that has the contract's columns and no others: a version that needs a column
    that has since been dropped would stop the Evaluator.
    """
    outputs = {output.name for output in contract.tasks.outputs}
    try:
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            loaded = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], path)
            if _SIGNATURE not in loaded.signature_def:
                return f"it has no signature '{_SIGNATURE}'"
            signature = loaded.signature_def[_SIGNATURE]
            if set(signature.outputs) != outputs:
                return (
                    f"its outputs ({', '.join(sorted(signature.outputs))}) are not the contract's "
                    f"({', '.join(sorted(outputs))})"
                )
            (examples,) = (tensor.name for tensor in signature.inputs.values())
            fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
            session.run(fetches, {examples: [sample_example(contract)]})
    except Exception as error:  # noqa: BLE001 - whatever a foreign SavedModel raises is the reason
        return f"it can't be loaded and run: {type(error).__name__}: {_first_line(error)}"
    return None


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "no message")[:300]
