"""Which columns a model takes: their names, the inputs they go to, which may be missing.

A request carries inputs, and neither their names nor their types say which of them must have a
value. So a SavedModel carries one more SignatureDef, which cannot be run: its inputs are keyed by
the columns' names and point to the tensors of the `predict` signature, and its defaults hold what
stands for a missing value of each column that may be missing. Every model server returns it with
the others in GetModelMetadata.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from common.atomic_files import whole_file
from common.missing_values import MISSING
from common.names import PREDICT
from serving.signatures import SignatureSpec, signature_spec
from serving.tensors import to_array

SERVED_COLUMNS = "polyrank_columns"
_METHOD = "polyrank/columns"


@dataclasses.dataclass(frozen=True)
class ServedColumn:
    """One column as a request carries it.

    Attributes:
      input: the signature's input that it goes to.
      dtype: that input's, such as `float32`.
      missing: what stands for a missing value; None where the model needs a value.
    """

    input: str
    dtype: str
    missing: Any = None


def write_served_columns(folder: str, inputs: Mapping[str, str], optional: Collection[str]) -> None:
    """Adds the SignatureDef to the SavedModel in `folder`, local or remote.

    Args:
      folder: holds `saved_model.pb`, with a signature `predict`.
      inputs: column -> input of that signature.
      optional: the columns that may be missing.
    """
    path = f"{folder}/saved_model.pb"
    with tf.io.gfile.GFile(path, "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    for graph in saved.meta_graphs:
        predict = graph.signature_def[PREDICT]
        definition = graph.signature_def[SERVED_COLUMNS]
        definition.method_name = _METHOD
        for column, name in inputs.items():
            definition.inputs[column].CopyFrom(predict.inputs[name])
            if column in optional:
                dtype = signature_spec(predict).inputs[name].dtype
                # In the field of its type, which clients in any language can read.
                missing = tf.make_tensor_proto(MISSING[dtype], tf.as_dtype(dtype))
                definition.defaults[column].CopyFrom(missing)
    with whole_file(path) as unfinished, tf.io.gfile.GFile(unfinished, "wb") as file:
        file.write(saved.SerializeToString())


def served_columns(
    name: str, definitions: Mapping[str, meta_graph_pb2.SignatureDef]
) -> dict[str, ServedColumn]:
    """Returns the columns of the signature `name`, by the names that people use.

    Args:
      name: of a signature in `definitions`.
      definitions: all of the model. Where none of them says which columns may be missing, every
        column of `predict` may; the inputs of other signatures never.
    """
    spec = signature_spec(definitions[name])
    if name != PREDICT:
        return {item: ServedColumn(item, of.dtype) for item, of in spec.inputs.items()}
    if SERVED_COLUMNS not in definitions:
        return {
            item: ServedColumn(item, of.dtype, MISSING.get(of.dtype))
            for item, of in spec.inputs.items()
        }
    return _as_saved(spec, definitions[SERVED_COLUMNS])


def _as_saved(
    spec: SignatureSpec, definition: meta_graph_pb2.SignatureDef
) -> dict[str, ServedColumn]:
    inputs = {of.tensor: item for item, of in spec.inputs.items()}
    return {
        column: ServedColumn(
            inputs[of.tensor],
            of.dtype,
            to_array(definition.defaults[column]).item() if column in definition.defaults else None,
        )
        for column, of in signature_spec(definition).inputs.items()
    }
