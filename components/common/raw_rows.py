"""Labelled rows of a split as raw columns, for the components that look at the log itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from tfx.types import artifact_utils

from models.datasets.in_memory import READ_BATCH, files_of, serialized_rows
from models.features.parsing import DTYPES
from models.features.preprocessing import dense_column
from models.features.targets import label_feature_spec, targets_of
from schemas.contract import Column, Contract

Arrays = Mapping[str, np.ndarray]


class RawBatch(NamedTuple):
    """Some rows.

    Attributes:
      serialized: the tf.Examples, bytes [B].
      columns: raw columns by graph name, int64, float32 or bytes [B], with `MISSING` where there is
        no value; of a column of lists the values of all rows end to end, [V], and by `lengths_key`
        how many each row has, int64 [B]; targets and weights of all outputs by `target_key` and
        `weight_key`.
    """

    serialized: np.ndarray
    columns: Arrays


def lengths_key(column: Column) -> str:
    """Where a batch has the lengths of a column of lists."""
    return f"{column.graph_name} lengths"  # No graph name has a blank.


def thinning(examples: Any, split: str, max_rows: int) -> int:
    """Returns k where every k-th row of a split is read, so that at most `max_rows` are."""
    return max(1, math.ceil(examples.get_int_custom_property(f"rows_{split}") / max_rows))


def raw_batches(
    contract: Contract, columns: Sequence[Column], examples: Any, split: str, max_rows: int
) -> Iterator[RawBatch]:
    """Reads a split batch by batch.

    Args:
      contract: the data contract.
      columns: those wanted, labels apart; none for targets and weights alone.
      examples: the Examples artifact of ImpressionExampleGen.
      split: the split's name.
      max_rows: a split of more rows is thinned evenly to about so many.

    Raises:
      BadDataError: the split has no file.
    """
    files = files_of([f"{artifact_utils.get_split_uri([examples], split)}/*"])
    every = thinning(examples, split, max_rows)
    # Sparse whether required or not: ImpressionExampleGen has refused what must not be missing.
    raw = {
        column.name: tf.io.RaggedFeature(DTYPES[column.type], row_splits_dtype=tf.int64)
        if column.ragged
        else tf.io.VarLenFeature(DTYPES[column.type])
        for column in columns
    }

    @tf.autograph.experimental.do_not_convert
    def parse(serialized: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        parsed = tf.io.parse_example(serialized, raw) if raw else {}
        labels = tf.io.parse_example(serialized, label_feature_spec(contract))
        found: dict[str, tf.Tensor] = {}
        for column in columns:
            values = parsed[column.name]
            if column.ragged:
                found[lengths_key(column)] = values.row_lengths()
                found[column.graph_name] = values.flat_values
            else:
                found[column.graph_name] = dense_column(column, values)
        return serialized, {**found, **targets_of(contract, labels)}

    batches = serialized_rows(files).shard(every, 0).batch(READ_BATCH)
    batches = batches.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    for serialized, found in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
        yield RawBatch(serialized, found)


def row_ids(contract: Contract, batch: RawBatch) -> np.ndarray:
    """Returns the ids that ImpressionExampleGen gave the rows, int64 [B]."""
    key = contract.row_id_key
    spec = {key: tf.io.FixedLenFeature([], tf.int64)}
    found: np.ndarray = tf.io.parse_example(batch.serialized, spec)[key].numpy()
    return found


def joined(parts: Iterable[Arrays]) -> dict[str, np.ndarray]:
    """Puts the columns of several batches end to end; no batch gives no column."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in (listed or [{}])[0]}
