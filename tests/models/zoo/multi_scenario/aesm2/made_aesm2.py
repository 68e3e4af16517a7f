"""Small AESM2s with every variable away from its start, and rows."""

from typing import Any

import numpy as np
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, task_graph

from models.ranker import Ranker

ROWS = 30
CONFIG: dict[str, Any] = {
    "name": "aesm2",
    "embedding_dim": 4,
    "scenario_experts": 5,
    "expert_units": (7, 6),
    "task_experts": 4,
    "task_expert_units": (5,),
    "top_specific": 1,
    "top_shared": 2,
    "noise_scale": 0.0,
    "tower_units": (4,),
    # Scores are then what the network makes of a row.
    "wide": False,
}


def made(
    scenarios: int = 3,
    labels: int = 2,
    training: dict[str, Any] | None = None,
    scale: float = 0.3,
    **options: Any,
) -> tuple[Ranker, dict[str, np.ndarray]]:
    inputs, tasks = layout(scenarios), task_graph(labels)
    ranker = make_ranker({**CONFIG, **options}, inputs=inputs, tasks=tasks, **(training or {}))
    randomise(ranker, scale=scale)
    for variable in ranker.trainable_variables:
        if "dense_" in variable.name and variable.name.endswith("bias:0"):
            # Of the few units of a layer all could be dead.
            variable.assign(1 + tf.abs(variable))
    return ranker, batch(ROWS, inputs, tasks)
