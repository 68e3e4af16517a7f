"""How long a model takes to score a request."""

from __future__ import annotations

import statistics
import time

import numpy as np
import tensorflow as tf

from models.datasets.in_memory import InMemorySplit
from models.ranker import Ranker

ROWS = 1000
_WARM_UP = 3
_REPEATS = 20


def median_latency_ms(ranker: Ranker, rows: InMemorySplit) -> float:
    """Median milliseconds of scoring 1,000 rows at once, after warm-up.

    It is the forward pass of transformed rows on this machine, whatever else runs on it; the
    transform graph and the server come on top.

    Args:
      ranker: the trained model.
      rows: rows to take them from; repeated where there are fewer.
    """
    positions = np.resize(np.arange(len(rows)), ROWS)
    batch = next(iter(rows.at(positions).in_order(ROWS)))
    score = tf.function(lambda columns: ranker(columns, training=False), autograph=False)
    seconds = []
    for _ in range(_WARM_UP + _REPEATS):
        started = time.perf_counter()
        for scores in score(batch).values():
            scores.numpy()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[_WARM_UP:])
