"""A split of the examples as transformed rows in memory, and its batches.

The transform graph is applied once, batch-wise and in parallel, in tf.data. What it
gives is held as two matrices, one of int32 and one of float32 with a row an example:
a batch is then one gather of whole rows from each, whatever the number of columns. A list of L
places is L of a matrix's columns, behind those of one number.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from common.errors import BadDataError
from models.datasets.matrices import Lists, Names, packed, unpacked
from models.datasets.value_counts import value_counts
from models.features.inputs import SCENARIO_KEY, Field, target_key, weight_key
from models.features.parsing import raw_feature_spec, with_defaults
from models.features.targets import label_feature_spec, targets_of
from models.metrics.binary import base_rate
from schemas.contract import Contract

READ_BATCH = 4096
Transform = Callable[[dict[str, Any]], dict[str, Any]]


def files_of(patterns: list[str]) -> list[str]:
    """Returns the files that match, sorted.

    Raises:
      BadDataError: none matches.
    """
    files = sorted(name for pattern in patterns for name in tf.io.gfile.glob(pattern))
    if not files:
        raise BadDataError(f"no example file matches {', '.join(patterns)}; was the split written?")
    return files


def serialized_rows(files: list[str]) -> tf.data.Dataset:
    """The serialized examples of gzip TFRecord files, in one fixed order."""
    return tf.data.TFRecordDataset(
        files, compression_type="GZIP", num_parallel_reads=min(len(files), 8)
    )


def transformed_rows(
    contract: Contract, transform: Transform, serialized: tf.Tensor, serving: bool
) -> dict[str, tf.Tensor]:
    """Parses and transforms labelled examples.

    Args:
      contract: the data contract.
      transform: the transform graph (TransformFeaturesLayer).
      serialized: string [B].
      serving: True puts the defaults for the `train_only` columns.

    Returns:
      The transformed features, the targets and the weights; each [B], or [B, L] of a list.
    """
    features = raw_feature_spec(contract, serving)
    columns = tf.io.parse_example(serialized, {**features, **label_feature_spec(contract)})
    raw = {name: columns[name] for name in features}
    if serving:
        raw = with_defaults(contract, raw, tf.shape(serialized)[0])
    return {**transform(raw), **targets_of(contract, columns)}


@dataclasses.dataclass(frozen=True)
class InMemorySplit:
    """The transformed rows of one split.

    Attributes:
      integer_names: names of the first columns of `integers`, those of one number; sorted.
      integers: int32 [N, I]: indices, the scenario and the lengths of lists.
      float_names: names of the first columns of `floats`, those of one number; sorted.
      floats: float32 [N, F]: z-scores, targets and weights.
      integer_lists: name and L of what stands behind them in `integers`, sorted.
      float_lists: name and L (a vector's `dim`) of what stands behind them in `floats`, sorted.
    """

    integer_names: Names
    integers: np.ndarray
    float_names: Names
    floats: np.ndarray
    integer_lists: Lists = ()
    float_lists: Lists = ()

    def __len__(self) -> int:
        """Number of rows, N."""
        return len(self.floats)

    def column(self, name: str) -> np.ndarray:
        """Returns one column, [N], or [N, L] of a list.

        Raises:
          ValueError: there is none of that name.
        """
        for names, lists, matrix in (
            (self.integer_names, self.integer_lists, self.integers),
            (self.float_names, self.float_lists, self.floats),
        ):
            if name in names:
                return matrix[:, names.index(name)]
            start = len(names)
            for each, length in lists:
                if each == name:
                    return matrix[:, start : start + length]
                start += length
        raise ValueError(f"no column '{name}'")

    def at(self, positions: np.ndarray) -> InMemorySplit:
        """Returns the rows at these positions."""
        return dataclasses.replace(
            self, integers=self.integers[positions], floats=self.floats[positions]
        )

    def base_rate(self, output: str) -> float:
        """The weighted mean target of an output over its own space; NaN where that is empty."""
        return base_rate(self.column(target_key(output)), self.column(weight_key(output)))

    def value_counts(
        self, fields: Iterable[Field], scenarios: int | None = None
    ) -> dict[str, np.ndarray]:
        """Returns how often every value stands in the rows: field's column -> int [size].

        With `scenarios`, K, it is counted in every scenario on its own: int [K, size].
        """
        own = self.column(SCENARIO_KEY) if scenarios else None
        return {
            f.name: value_counts(self.column(f.key), f.size, own, scenarios or 0) for f in fields
        }

    def steps(self, batch_size: int) -> int:
        """Number of batches of a training epoch; see `epoch`."""
        return max(len(self) // batch_size, 1)

    def epoch(self, batch_size: int, seed: int, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """The training batches of one epoch, in an order drawn from (seed, epoch).

        Each batch is full; the rows that are left over at the end of the order, fewer
        than a batch, wait for another epoch. A split smaller than a batch is one batch.

        Args:
          batch_size: rows a batch.
          seed: the training's seed.
          epoch: number of the epoch, from 0.
          first_step: batches that are skipped at the start, at no cost.
        """
        order = np.random.default_rng([seed, epoch]).permutation(len(self)).astype(np.int32)
        steps = self.steps(batch_size)
        size = min(batch_size, len(self))
        rows = order[first_step * size : steps * size].reshape(-1, size)
        return self._gathered(tf.data.Dataset.from_tensor_slices(rows))

    def in_order(self, batch_size: int) -> tf.data.Dataset:
        """All rows in their order, the last batch as small as it comes."""
        rows = tf.data.Dataset.range(len(self), output_type=tf.int32)
        return self._gathered(rows.batch(batch_size))

    @functools.cached_property
    def _tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
        # TensorFlow copies what it takes: once for all epochs, since lists are large.
        with tf.init_scope(), tf.device("cpu"):
            return tf.constant(self.integers), tf.constant(self.floats)

    def _gathered(self, rows: tf.data.Dataset) -> tf.data.Dataset:
        integers, floats = self._tensors

        @tf.autograph.experimental.do_not_convert
        def gather(indices: tf.Tensor) -> dict[str, tf.Tensor]:
            whole = tf.cast(tf.gather(integers, indices), tf.int64)
            real = tf.gather(floats, indices)
            return {
                **unpacked(whole, self.integer_names, self.integer_lists),
                **unpacked(real, self.float_names, self.float_lists),
            }

        return rows.map(gather, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def hold(
    contract: Contract,
    transform: Transform,
    files: list[str],
    serving: bool,
    limit: int | None = None,
    every: int = 1,
) -> InMemorySplit | None:
    """Reads a split into memory.

    Args:
      contract: the data contract.
      transform: the transform graph.
      files: gzip TFRecord files of tf.Example.
      serving: True puts the defaults for the `train_only` columns.
      limit: largest number of rows to hold.
      every: 1 reads all rows, k every k-th.

    Returns:
      The rows, or None where the split has more than `limit`.

    Raises:
      BadDataError: the split holds no row.
    """
    names: dict[str, Names] = {}
    lists: dict[str, Lists] = {}

    # Nothing here needs AutoGraph; the transform graph is large, and slow to convert.
    @tf.autograph.experimental.do_not_convert
    def matrices(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        columns = transformed_rows(contract, transform, serialized, serving)
        names["int32"], lists["int32"], whole = packed(columns, tf.int64, tf.int32)
        names["float32"], lists["float32"], real = packed(columns, tf.float32, tf.float32)
        return whole, real

    batches = serialized_rows(files).shard(every, 0).batch(READ_BATCH)
    batches = batches.map(matrices, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    integers: list[np.ndarray] = []
    floats: list[np.ndarray] = []
    count = 0
    for whole, real in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
        count += len(real)
        if limit is not None and count > limit:
            return None
        integers.append(whole)
        floats.append(real)
    if not count:
        raise BadDataError(f"the split in {files[0]} and its like holds no row; widen the window")
    return InMemorySplit(
        names["int32"],
        np.concatenate(integers),
        names["float32"],
        np.concatenate(floats),
        lists["int32"],
        lists["float32"],
    )
