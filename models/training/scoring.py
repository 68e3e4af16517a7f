"""Scores of held rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.datasets.full_batches import filled, full_size
from models.datasets.in_memory import InMemorySplit
from models.ranker import Ranker

Scorer = Callable[[InMemorySplit], dict[str, np.ndarray]]


def make_scorer(
    ranker: Ranker, rows: InMemorySplit, batch_size: int, log_odds: bool = False
) -> Scorer:
    """Builds a function that scores rows with the same columns as `rows`.

    All batches have one size, so that equal rows have equal scores (`full_batches`): that of as
    many rows as there are, `batch_size` at most, rounded up.

    Args:
      ranker: the model.
      rows: some rows.
      batch_size: rows of a batch.
      log_odds: scores are log-odds that are not calibrated, and no probabilities.

    Returns:
      A function: rows -> {output: float32 [N]}, in the order of the rows.
    """
    size = full_size(min(batch_size, len(rows)))
    columns = rows.in_order(size).element_spec
    specs = {
        name: tf.TensorSpec([size, *spec.shape[1:]], spec.dtype) for name, spec in columns.items()
    }

    # No layer needs AutoGraph, and converting them all takes longer than to build the graph.
    @tf.function(input_signature=[specs], autograph=False)
    def score(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return ranker.log_odds(batch) if log_odds else ranker(batch, training=False)

    def scorer(held: InMemorySplit) -> dict[str, np.ndarray]:
        parts = [score(filled(batch, size)) for batch in held.in_order(size)]
        return {
            output: np.concatenate([part[output].numpy() for part in parts])[: len(held)]
            for output in parts[0]
        }

    return scorer
