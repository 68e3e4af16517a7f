"""Scores of held rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from models.datasets.in_memory import InMemorySplit
from models.ranker import Ranker

Scorer = Callable[[InMemorySplit], dict[str, np.ndarray]]


def make_scorer(ranker: Ranker, rows: InMemorySplit, batch_size: int) -> Scorer:
    """Builds a function that scores rows with the same columns as `rows`.

    Returns:
      A function: rows -> {output: float32 [N]}, in the order of the rows.
    """

    # No layer needs AutoGraph, and converting them all takes longer than to build the graph.
    @tf.function(input_signature=[rows.in_order(batch_size).element_spec], autograph=False)
    def score(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return ranker(batch, training=False)

    def scorer(held: InMemorySplit) -> dict[str, np.ndarray]:
        parts = [score(batch) for batch in held.in_order(batch_size)]
        return {
            output: np.concatenate([part[output].numpy() for part in parts]) for output in parts[0]
        }

    return scorer
