"""A scenario with 1 % of the rows learns from those that share its labels."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import make_ranker, taken, task_graph, tensors
from sklearn.metrics import roc_auc_score

from models.features.inputs import SCENARIO_KEY, Field, InputLayout, target_key, weight_key

INPUTS = InputLayout(
    (Field("user", 50), Field("item", 40), Field("scenario", 3)), (), ("s0", "s1", "sparse")
)
CONFIG = {
    "name": "csii",
    "embedding_dim": 8,
    "wide": False,
    "expert_units": (32, 16),
    "tower_units": (8,),
}


def log(rows: int, seed: int, shares: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Rows whose click depends on user and item, in all scenarios alike."""
    random, truth = np.random.default_rng(seed), np.random.default_rng(99)
    users, items = truth.normal(size=(50, 3)), truth.normal(size=(40, 3))
    user, item = random.integers(0, 50, rows), random.integers(0, 40, rows)
    scenario = random.choice(3, rows, p=shares)
    chance = 1 / (1 + np.exp(-1.5 * (users[user] * items[item]).sum(1)))
    return {
        "user__index": user,
        "item__index": item,
        "scenario__index": scenario,
        SCENARIO_KEY: scenario,
        target_key("click"): (random.random(rows) < chance).astype(np.float32),
        weight_key("click"): np.ones(rows, np.float32),
    }


def auc(train: dict[str, np.ndarray], epochs: int, test: dict[str, np.ndarray]) -> float:
    ranker = make_ranker(CONFIG, inputs=INPUTS, tasks=task_graph(1), learning_rate=0.01)
    step, rows = tf.function(ranker.train_step), len(train[SCENARIO_KEY])
    size = min(500, rows)
    for epoch in range(epochs):
        order = np.random.default_rng(epoch).permutation(rows)
        for start in range(0, rows - size + 1, size):
            step(tensors(taken(train, order[start : start + size])))
    return float(roc_auc_score(test[target_key("click")], ranker(tensors(test))["click"]))


@pytest.mark.e2e
def test_all_scenarios_together_serve_the_sparse_one_better() -> None:
    train, test = log(20_000, 1, (0.5, 0.49, 0.01)), log(6_000, 2, (0, 0, 1))
    alone = taken(train, train[SCENARIO_KEY] == 2)
    together = auc(train, 6, test)
    assert together > 0.8
    assert together > auc(alone, 60, test) + 0.1
