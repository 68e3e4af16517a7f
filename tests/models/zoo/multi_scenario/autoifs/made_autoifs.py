"""A small AutoIFS ranker, its phases and its gradients."""

from typing import Any

import numpy as np
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, task_graph, tensors

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from models.schedule import Phase

CONFIG = {
    "name": "autoifs",
    "embedding_dim": 4,
    "bottom_units": (8, 6),
    "scenario_units": (5,),
    "selection_units": (7,),
}


def made(random: bool = True, **options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    ranker = make_ranker({**CONFIG, **options})
    if random:
        randomise(ranker)
    return ranker, batch(30, ranker.layout, task_graph(2))


def retraining(ranker: Ranker) -> None:
    """Ends the search as the training loop does, without a rewind."""
    ranker.architecture.finish_phase("search", ranker.embeddings)
    ranker.start_phase(Phase("retrain", 1))


def by_name(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gradients of a step by variable; zero where it is not read."""
    gradients = ranker.training_step.gradients(
        tensors(rows), tf.constant(float(len(rows[SCENARIO_KEY])))
    ).gradients
    return {
        v.name: np.zeros(v.shape) if g is None else tf.convert_to_tensor(g).numpy()
        for v, g in zip(ranker.trainable_variables, gradients, strict=True)
    }
