"""A small CausalInt, rows for it, and gradients of its steps by name."""

from typing import Any

import numpy as np
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, task_graph, tensors

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

K, ROWS = 3, 24
CONFIG: dict[str, Any] = {
    "name": "causalint",
    "embedding_dim": 4,
    "encoder_units": (6, 5),
    "transfer_width": 3,
    "inner_rate": 0.4,
}


def made(**options: Any) -> Ranker:
    ranker = make_ranker({**CONFIG, **options})
    randomise(ranker)
    return ranker


def made_rows() -> dict[str, np.ndarray]:
    return batch(ROWS, layout(), task_graph(2))


def step_of(
    ranker: Ranker, rows: dict[str, np.ndarray]
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Losses of a step on these rows, and its gradients by variable, `trans_net/readers/kernel`."""
    count = tf.constant(float(len(rows[SCENARIO_KEY])))
    found = ranker.training_step.gradients(tensors(rows), count)
    pairs = zip(ranker.trainable_variables, found.gradients, strict=True)
    return {name: float(x) for name, x in found.losses.items()}, {
        v.name.removesuffix(":0").rpartition("causalint/")[2]: tf.convert_to_tensor(g).numpy()
        for v, g in pairs
    }
