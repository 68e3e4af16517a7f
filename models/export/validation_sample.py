"""Some validation rows with the scores the trainer gave them, for whoever loads the model later."""

from __future__ import annotations

import io

import numpy as np
import tensorflow as tf

from common.json_files import write_json
from models.datasets.in_memory import serialized_rows
from models.npz_files import write_npz


def spread_positions(rows: int, wanted: int) -> np.ndarray:
    """Positions of at most `wanted` rows, spread evenly over `rows`; sorted, unique."""
    return np.unique(np.linspace(0, rows - 1, min(rows, wanted)).astype(np.int64))


def read_rows(files: list[str], positions: np.ndarray) -> list[bytes]:
    """Returns the serialized examples at these positions of the split's fixed order."""
    wanted = set(positions.tolist())
    last = max(wanted)
    rows = serialized_rows(files).take(last + 1).as_numpy_iterator()
    return [row for position, row in enumerate(rows) if position in wanted]


def write_canary(
    folder: str, serialized: list[bytes], scores: dict[str, np.ndarray], precision: str
) -> None:
    """Writes `examples.tfrecord`, `scores.npz` and `canary.json`.

    Args:
      folder: where to.
      serialized: raw tf.Examples.
      scores: the trainer's score of each of these rows, by output: float32 [N].
      precision: the precision that the model computes in.
    """
    tf.io.gfile.makedirs(folder)
    with tf.io.TFRecordWriter(f"{folder}/examples.tfrecord") as writer:
        for row in serialized:
            writer.write(row)
    archive = io.BytesIO()
    write_npz(archive, scores)
    with tf.io.gfile.GFile(f"{folder}/scores.npz", "wb") as file:
        file.write(archive.getvalue())
    write_json(f"{folder}/canary.json", {"precision": precision})
