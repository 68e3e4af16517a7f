"""AEM2TL small enough to be computed by hand, on the paper's graph of five branches."""

from typing import Any

import numpy as np
import tensorflow as tf
from made_batches import batch, five_branch_graph, make_ranker, randomise, tensors

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

SIZES = {
    "name": "aem2tl",
    "embedding_dim": 4,
    "shared_experts": 3,
    "scenario_experts": 2,
    "expert_units": (6, 5),
    "task_shared_experts": 2,
    "task_expert_units": (4,),
    "tower_units": (3,),
    "gate_units": 7,
}
FIVE = five_branch_graph()
GATES = [f"towers/gate_{layer}" for layer in range(2)]


def made(**options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    ranker = make_ranker({**SIZES, **options}, tasks=FIVE, base_rates={"click": 0.2})
    randomise(ranker)
    return ranker, batch(24, ranker.layout, FIVE)


def gradients(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = ranker.training_step.gradients(
        tensors(rows), tf.constant(float(len(rows[SCENARIO_KEY])))
    ).gradients
    return {
        variable.name: tf.convert_to_tensor(gradient).numpy()
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
    }
