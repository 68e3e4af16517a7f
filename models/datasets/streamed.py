"""A train split too large for memory: read again in every epoch, through a shuffle buffer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.datasets.in_memory import READ_BATCH, Transform, serialized_rows, transformed_rows
from models.datasets.value_counts import value_counts
from models.features.inputs import SCENARIO_KEY, Field, target_key, weight_key
from models.features.targets import evaluation_targets
from schemas.contract import Contract

_BUFFER_ROWS = 200_000
_COUNT_BATCH = 65_536


@dataclasses.dataclass(frozen=True)
class StreamedRows:
    """The train split on disk.

    An epoch draws the order of the files from (seed, epoch), and rows through a buffer of
    `buffer_rows` serialized examples; it is the same whenever it is requested. To start
    in its middle, the rows before are read but not transformed.

    Attributes:
      contract: the data contract.
      transform: the transform graph.
      files: gzip TFRecord files.
      rows: number of rows in them.
      buffer_rows: rows of the shuffle buffer.
    """

    contract: Contract
    transform: Transform
    files: list[str]
    rows: int
    buffer_rows: int = _BUFFER_ROWS

    def __len__(self) -> int:
        """Number of rows."""
        return self.rows

    def steps(self, batch_size: int) -> int:
        """Number of full batches an epoch, at least 1."""
        return max(self.rows // batch_size, 1)

    def epoch(self, batch_size: int, seed: int, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """The full batches of one epoch from `first_step` on."""
        random = np.random.default_rng([seed, epoch])
        files = [self.files[index] for index in random.permutation(len(self.files))]
        buffer_seed = int(random.integers(1, 2**31))
        rows = serialized_rows(files).shuffle(
            self.buffer_rows, seed=buffer_seed, reshuffle_each_iteration=False
        )
        batches = rows.batch(min(batch_size, self.rows), drop_remainder=True)
        batches = batches.take(self.steps(batch_size)).skip(first_step)
        return batches.map(
            self._transformed, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        ).prefetch(tf.data.AUTOTUNE)

    # As in `hold`.
    @tf.autograph.experimental.do_not_convert
    def _transformed(self, serialized: tf.Tensor) -> dict[str, tf.Tensor]:
        return transformed_rows(self.contract, self.transform, serialized, serving=False)

    def value_counts(
        self, fields: Sequence[Field], scenarios: int | None = None
    ) -> dict[str, np.ndarray]:
        """Returns how often every value stands in the rows: field's column -> int [size].

        With `scenarios`, K, it is counted in every scenario on its own: int [K, size].
        """
        shape = (scenarios,) if scenarios else ()
        counts = {field.name: np.zeros((*shape, field.size), np.int64) for field in fields}

        @tf.autograph.experimental.do_not_convert
        def indices(serialized: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            columns = self._transformed(serialized)
            return columns[SCENARIO_KEY], {field.name: columns[field.key] for field in fields}

        batches = serialized_rows(self.files).batch(READ_BATCH).map(indices, tf.data.AUTOTUNE)
        for scenario, batch in batches.prefetch(tf.data.AUTOTUNE).as_numpy_iterator():
            own = scenario if scenarios else None
            for field in fields:
                counts[field.name] += value_counts(
                    batch[field.name], field.size, own, scenarios or 0
                )
        return counts


def count_and_base_rates(contract: Contract, files: list[str]) -> tuple[int, dict[str, float]]:
    """Reads the labels of a split once.

    Returns:
      The number of rows, and the weighted mean target of every output (NaN in an empty space).
    """
    names = [output.name for output in contract.tasks.outputs]

    @tf.autograph.experimental.do_not_convert
    def sums(serialized: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        columns = evaluation_targets(contract, serialized)
        weights = tf.stack([columns[weight_key(name)] for name in names], axis=1)
        targets = tf.stack([columns[target_key(name)] for name in names], axis=1)
        sums = [tf.reduce_sum(tf.cast(x, tf.float64), axis=0) for x in (targets * weights, weights)]
        return tf.shape(serialized)[0], sums[0], sums[1]

    count, positive, total = 0, np.zeros(len(names)), np.zeros(len(names))
    batches = serialized_rows(files).batch(_COUNT_BATCH).map(sums, tf.data.AUTOTUNE)
    for rows, positive_sum, weight_sum in batches.as_numpy_iterator():
        count += int(rows)
        positive += positive_sum
        total += weight_sum
    with np.errstate(invalid="ignore"):
        return count, dict(zip(names, (positive / total).tolist(), strict=True))
