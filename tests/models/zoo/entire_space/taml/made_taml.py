"""TAML small enough to be computed by hand, and its numpy formula."""

from typing import Any

import numpy as np
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, task_graph, tensors

from models.ranker import Ranker

ROWS = 24
SIZES = {
    "name": "taml",
    "embedding_dim": 4,
    "learners": 2,
    "shared_experts": 2,
    "task_experts": 1,
    "learner_experts": 2,
    "expert_units": (5, 4),
    "tower_units": (3,),
}
LEARNERS = ("learner_1", "learner_2")


def made(labels: int = 2, seed: int = 7, **options: Any) -> tuple[Ranker, dict[str, np.ndarray]]:
    tasks = task_graph(labels)
    training = {key: options.pop(key) for key in ("loss_weights",) if key in options}
    rates = {"click": 0.2}
    ranker = make_ranker({**SIZES, **options}, tasks=tasks, base_rates=rates, **training)
    randomise(ranker, seed, scale=0.2)
    return ranker, batch(ROWS, ranker.layout, tasks)


def value(ranker: Ranker, name: str) -> np.ndarray:
    (found,) = [v for v in ranker.weights if v.name.endswith(f"taml/{name}:0")]
    return found.numpy().astype(np.float64)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def flat(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    features = ranker.features(tensors(rows))
    count = len(features.numeric)
    return np.concatenate(
        [features.fields.numpy().reshape(count, -1), features.numeric], 1, dtype=np.float64
    )


def learner_probabilities(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    """p of every row, label and learner by the formula, [B, T, N]."""
    x, config = flat(ranker, rows), ranker.model_config
    a, b, c = config.shared_experts, config.task_experts, config.learner_experts
    features = ranker.features(tensors(rows))
    offset, scenario = features.offset.numpy(), features.scenario.numpy()
    tasks, learners = offset.shape[1], config.learners
    parts = ("levels/experts/dense_0", "levels/experts/dense_1", "gates")
    (k0, b0), (k1, b1), (kg, bg) = (
        (value(ranker, f"{p}/kernel"), value(ranker, f"{p}/bias")) for p in parts
    )
    (kt, bt), (kl, bl) = (
        (value(ranker, f"towers/{p}/kernel"), value(ranker, f"towers/{p}/bias"))
        for p in ("hidden/dense_0", "last")
    )

    def expert(e: int) -> np.ndarray:
        return np.maximum(np.maximum(x @ k0[e] + b0[e], 0) @ k1[e] + b1[e], 0)

    found = np.empty([len(x), tasks, learners])
    for t in range(tasks):
        for k in range(learners):
            own = a + tasks * b + (t * learners + k) * c
            seen = [*range(a), *range(a + t * b, a + t * b + b), *range(own, own + c)]
            gates = softmax(x @ kg[t, k] + bg[t, k])
            z = sum(gates[:, [i]] * expert(e) for i, e in enumerate(seen))
            # The row's own scenario comes first where towers are private to one.
            tower = t * learners + k
            at = [(s, tower) if kt.ndim == 4 else (tower,) for s in scenario]
            logits = [
                np.maximum(row @ kt[i] + bt[i][0], 0) @ kl[i][:, 0] + bl[i][0, 0]
                for row, i in zip(z, at, strict=True)
            ]
            found[:, t, k] = sigmoid(np.array(logits) + offset[:, t])
    return found


def fused_probabilities(
    ranker: Ranker, rows: dict[str, np.ndarray], learners: np.ndarray
) -> np.ndarray:
    """q of every row and label by the formula, [B, T]."""
    if ranker.model_config.fusion == "mean":
        return learners.mean(2)
    kernel, bias = value(ranker, "fusion/kernel"), value(ranker, "fusion/bias")
    weights = softmax(np.einsum("bi,tin->btn", flat(ranker, rows), kernel) + bias[:, 0])
    return (weights * learners).sum(2)


def gradients_of(ranker: Ranker, rows: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Gradient of one reported loss, by the variable's name; zeros where there is none."""
    with tf.GradientTape() as tape:
        terms = ranker.loss_terms(tensors(rows), True, tf.constant(float(ROWS)))
        loss = tf.reduce_sum({**terms.supervised, **terms.others}[name])
    variables = [v for v in ranker.trainable_variables if "taml/" in v.name]
    found = tape.gradient(loss, variables, unconnected_gradients="zero")
    names = [v.name.rpartition("taml/")[2].removesuffix(":0") for v in variables]
    return {x: tf.convert_to_tensor(g).numpy() for x, g in zip(names, found, strict=True)}
