"""Which columns a model takes: their names, the inputs they go to, which may be missing.

A request carries inputs, and neither their names nor their types say which of them must have a
value. So a SavedModel carries one more SignatureDef, which cannot be run: its inputs are keyed by
the columns' names and point to the tensors of the `predict` signature, and its defaults hold what
stands for a missing value of each column that may be missing. Every model server returns it with
the others in GetModelMetadata.

A column of lists is an input padded to L places, [B, L], next to an input with how many of them are
values. Which one that is a further SignatureDef says: its inputs are keyed by columns, too, and
point to the tensors of the lengths; its defaults say which values of a longer list are kept. Where
texts hold lists, a third one's defaults say how.
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
from schemas.list_columns import length_name
from schemas.treatments import Text
from serving.signatures import SignatureSpec, TensorSpec, signature_spec
from serving.tensors import to_array

SERVED_COLUMNS = "polyrank_columns"
SERVED_LISTS = "polyrank_lists"
SERVED_TEXTS = "polyrank_texts"
_METHODS = {
    SERVED_COLUMNS: "polyrank/columns",
    SERVED_LISTS: "polyrank/lists",
    SERVED_TEXTS: "polyrank/texts",
}
_NEWEST, _FIRST = b"newest", b"first"


@dataclasses.dataclass(frozen=True)
class ServedLengths:
    """How many values a column's lists have.

    Attributes:
      input: the signature's input with the number of every row's values: int64 [B]. Columns that
        are aligned, place by place, have one.
      newest: True where of a longer list the last values are kept, False where the first are.
    """

    input: str
    newest: bool


@dataclasses.dataclass(frozen=True)
class ServedColumn:
    """One column as a request carries it.

    Attributes:
      input: the signature's input that it goes to.
      dtype: that input's, such as `float32`.
      missing: what stands for a missing value (of a vector: for each of its numbers); None where
        the model needs a value. Of lists `()`: a missing list is an empty one.
      length: of lists: L, how many places the input has; else None.
      lengths: of lists: their `ServedLengths`; else None.
      dim: of vectors: how many numbers a row has; else None.
      text: how a text holds a list or a vector, as in the schema's tag; None where texts hold none.
    """

    input: str
    dtype: str
    missing: Any = None
    length: int | None = None
    lengths: ServedLengths | None = None
    dim: int | None = None
    text: Text | None = None

    @property
    def is_list(self) -> bool:
        """Whether a row has several values: a list or a vector."""
        return self.length is not None or self.dim is not None

    @property
    def group(self) -> str | None:
        """The name of the lists that are aligned with these, place by place."""
        return None if self.lengths is None else self.lengths.input.removesuffix(length_name(""))


def write_served_columns(
    folder: str,
    inputs: Mapping[str, str],
    optional: Collection[str],
    lists: Mapping[str, ServedLengths] | None = None,
    texts: Mapping[str, Text] | None = None,
) -> None:
    """Adds the SignatureDefs to the SavedModel in `folder`, local or remote.

    Args:
      folder: holds `saved_model.pb`, with a signature `predict`.
      inputs: column -> input of that signature.
      optional: the columns of one value a row, and of vectors, that may be missing.
      lists: column -> its lengths, of the columns of lists.
      texts: column -> how a text holds its lists or vectors, where texts do.
    """
    path = f"{folder}/saved_model.pb"
    with tf.io.gfile.GFile(path, "rb") as file:
        saved = saved_model_pb2.SavedModel.FromString(file.read())
    for graph in saved.meta_graphs:
        predict = graph.signature_def[PREDICT]
        definition = graph.signature_def[SERVED_COLUMNS]
        definition.method_name = _METHODS[SERVED_COLUMNS]
        for column, name in inputs.items():
            definition.inputs[column].CopyFrom(predict.inputs[name])
            if column in optional:
                dtype = signature_spec(predict).inputs[name].dtype
                # In the field of its type, which clients in any language can read.
                missing = tf.make_tensor_proto(MISSING[dtype], tf.as_dtype(dtype))
                definition.defaults[column].CopyFrom(missing)
        if lists:
            _write_lists(graph.signature_def, lists)
        if texts:
            _write_texts(graph.signature_def, texts)
    with whole_file(path) as unfinished, tf.io.gfile.GFile(unfinished, "wb") as file:
        file.write(saved.SerializeToString())


def _write_lists(definitions: Any, lists: Mapping[str, ServedLengths]) -> None:
    definition = definitions[SERVED_LISTS]
    definition.method_name = _METHODS[SERVED_LISTS]
    for column, lengths in lists.items():
        definition.inputs[column].CopyFrom(definitions[PREDICT].inputs[lengths.input])
        kept = tf.make_tensor_proto(_NEWEST if lengths.newest else _FIRST)
        definition.defaults[column].CopyFrom(kept)


def _write_texts(definitions: Any, texts: Mapping[str, Text]) -> None:
    definition = definitions[SERVED_TEXTS]
    definition.method_name = _METHODS[SERVED_TEXTS]
    for column, text in texts.items():
        definition.inputs[column].CopyFrom(definitions[SERVED_COLUMNS].inputs[column])
        definition.defaults[column].CopyFrom(tf.make_tensor_proto(text))


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
    none = meta_graph_pb2.SignatureDef()
    texts = definitions.get(SERVED_TEXTS, none).defaults
    columns = _as_saved(spec, definitions[SERVED_COLUMNS], definitions.get(SERVED_LISTS, none))
    return {
        column: dataclasses.replace(served, text=to_array(texts[column]).item().decode())
        if column in texts
        else served
        for column, served in columns.items()
    }


def _as_saved(
    spec: SignatureSpec,
    definition: meta_graph_pb2.SignatureDef,
    lists: meta_graph_pb2.SignatureDef,
) -> dict[str, ServedColumn]:
    inputs = {of.tensor: item for item, of in spec.inputs.items()}
    lengths = {
        column: ServedLengths(inputs[of.name], to_array(lists.defaults[column]).item() == _NEWEST)
        for column, of in lists.inputs.items()
    }

    def column_of(column: str, of: TensorSpec) -> ServedColumn:
        size = of.shape[1] if of.shape and len(of.shape) == 2 else None
        if column in lengths:
            return ServedColumn(
                inputs[of.tensor], of.dtype, (), length=size, lengths=lengths[column]
            )
        default = definition.defaults.get(column)
        missing = None if default is None else to_array(default).item()
        return ServedColumn(inputs[of.tensor], of.dtype, missing, dim=size)

    return {
        column: column_of(column, of) for column, of in signature_spec(definition).inputs.items()
    }
