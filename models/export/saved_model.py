"""The SavedModel: transform graph and model in one, from raw columns to probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from common.names import EVALUATION_TARGETS, PREDICT, SERVING_DEFAULT
from data.log.lists.list_texts import text_of
from models.datasets.in_memory import Transform
from models.features.parsing import from_dense, from_examples, raw_feature_spec, request_spec
from models.features.preprocessing import dense_column
from models.features.request_lists import padded_lists, request_lists
from models.features.targets import evaluation_targets
from models.ranker import Ranker
from schemas.contract import Contract
from schemas.treatments import Text
from serving.served_columns import ServedLengths, write_served_columns
from serving.warmup import write_warmup_requests

WARMUP_ROWS = (1, 128)


class ServingModule(tf.Module):
    """A ranker with its transform graph, and the signatures it is served by.

    `serving_default`: `examples`, string [B], serialized tf.Example with the serving
      features; optional ones may be absent.
    `predict`: one tensor a serving feature under the column's graph name, int64, float32 or
      string [B]. A missing value of an optional column is -2**63, NaN or the empty string.
      Of lists (`features.request_lists`) the values [B, L], padded behind a row's last one, and
      for each group of sequences and each multi-valued column `NAME__length`, int64 [B]; vectors
      are float32 [B, dim], a missing one holds NaN.
    `evaluation_targets`: `examples` with the labels -> target and weight of every output.

    The scoring signatures return every output, float32 [B]. `train_only` columns are no
    inputs; their defaults are filled in.

    Args:
      ranker: the trained model.
      transform: the transform graph (TransformFeaturesLayer).
      contract: the data contract.
    """

    def __init__(self, ranker: Ranker, transform: Transform, contract: Contract) -> None:
        super().__init__(name="serving")
        # Not the layer itself, whose every call Keras would trace on saving.
        self._tables = list(tf.train.TrackableView.children(transform).values())

        def score(raw: dict[str, Any]) -> dict[str, tf.Tensor]:
            return dict(ranker(transform(raw), training=False))

        def serving_default(examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return score(from_examples(contract, examples))

        def predict(**columns: tf.Tensor) -> dict[str, tf.Tensor]:
            return score(from_dense(contract, columns))

        def targets(examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return evaluation_targets(contract, examples)

        def traced(function: Callable[..., Any], /, *specs: Any, **named: Any) -> Any:
            # No layer needs AutoGraph, and to convert them takes longer than to build the graph.
            return tf.function(function, autograph=False).get_concrete_function(*specs, **named)

        examples = tf.TensorSpec([None], tf.string, name="examples")
        columns = {
            name: tf.TensorSpec(spec.shape, spec.dtype, name=name)
            for name, spec in request_spec(contract).items()
        }
        self.functions = {
            SERVING_DEFAULT: traced(serving_default, examples),
            PREDICT: traced(predict, **columns),
            EVALUATION_TARGETS: traced(targets, examples),
        }
        # The variables alone: tracking the model would have Keras trace every layer on saving.
        # And those that are read alone: what only training needs is not served.
        used = {id(v): v for function in self.functions.values() for v in function.variables}
        self._weights = list(used.values())
        self._contract = contract

    @property
    def inputs(self) -> dict[str, str]:
        """Column -> input of `predict` with its values."""
        contract = self._contract
        return {x.name: x.graph_name for x in (*contract.serving_features, *contract.list_columns)}

    @property
    def optional(self) -> set[str]:
        """The columns, less those of lists, that may be missing."""
        vectors = [each.column for each in request_lists(self._contract) if each.lengths is None]
        columns = (*self._contract.serving_features, *vectors)
        return {column.name for column in columns if not column.required}

    @property
    def lists(self) -> dict[str, ServedLengths]:
        """Column of lists -> the input of `predict` with their lengths."""
        return {
            each.column.name: ServedLengths(each.lengths, each.newest)
            for each in request_lists(self._contract)
            if each.lengths is not None
        }

    @property
    def texts(self) -> dict[str, Text]:
        """Column of lists or vectors -> how a text holds them, where the schema says it."""
        found = {x.name: text_of(self._contract, x) for x in self._contract.list_columns}
        return {name: text for name, text in found.items() if text is not None}


def save_serving_model(module: ServingModule, folder: str) -> None:
    """Writes the SavedModel to `folder`, and into it what its columns are to its clients."""
    tf.saved_model.save(module, folder, signatures=module.functions)
    write_served_columns(folder, module.inputs, module.optional, module.lists, module.texts)


def dense_columns(contract: Contract, serialized: Iterable[bytes]) -> dict[str, np.ndarray]:
    """Parses serialized examples to the inputs of the `predict` signature, each [B] or [B, L]."""
    parsed = tf.io.parse_example(
        tf.constant(list(serialized), tf.string), raw_feature_spec(contract, serving=True)
    )
    single = {
        column.graph_name: dense_column(column, parsed[column.name])
        for column in contract.serving_features
    }
    columns = {**single, **padded_lists(contract, parsed)}
    return {name: values.numpy() for name, values in columns.items()}


def write_warmup(folder: str, model_name: str, contract: Contract, serialized: list[bytes]) -> None:
    """Writes warm-up requests of both scoring signatures in the usual sizes, made from real rows.

    Without rows there are none.
    """
    if not serialized:
        return
    inputs = {
        PREDICT: dense_columns(contract, serialized),
        SERVING_DEFAULT: {"examples": np.array(serialized, dtype=object)},
    }
    requests = [
        (signature, {name: _repeated(values, rows) for name, values in arrays.items()})
        for signature, arrays in inputs.items()
        for rows in WARMUP_ROWS
    ]
    write_warmup_requests(folder, model_name, requests)


def _repeated(values: np.ndarray, rows: int) -> np.ndarray:
    return np.resize(values, (rows, *values.shape[1:]))
