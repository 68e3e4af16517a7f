"""AITM's equations, a row at a time in float64, from a ranker's variables."""

from typing import Any

import numpy as np
from made_batches import batch, make_ranker, randomise, tensors, weight

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from schemas.task_graph import TaskGraph

UNITS = (6, 4)
ROWS = 20


def made(tasks: TaskGraph, scale: float = 0.3, **options: Any) -> tuple[Ranker, dict[str, Any]]:
    training = {key: options.pop(key) for key in ("loss_weights",) if key in options}
    model = {"name": "aitm", "embedding_dim": 4, "tower_units": UNITS, **options}
    ranker = make_ranker(model, tasks=tasks, **training)
    randomise(ranker, scale=scale)
    rows = batch(ROWS, ranker.layout, tasks)
    break_the_order(ranker, rows, tasks)
    return ranker, rows


def break_the_order(ranker: Ranker, rows: dict[str, Any], tasks: TaskGraph) -> None:
    """Lifts towers by biases, so that each is above its parent's in half of the rows."""
    found = ranker.architecture.tower_log_odds(ranker.features(tensors(rows)))
    names = [label.name for label in tasks.labels]
    lifts: dict[str, float] = {}
    for label in tasks.labels:
        lifts[label.name] = 0.0
        if label.parent is not None:
            apart = found[label.parent].numpy() - found[label.name].numpy()
            lifts[label.name] = float(np.median(apart)) + lifts[label.parent]
    bias = weight(ranker, "aitm/last/bias")
    bias.assign_add(
        np.tile(np.reshape([lifts[x] for x in names], (-1, 1, 1)), (bias.shape[0], 1, 1, 1))
    )


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def logit(p: Any) -> Any:
    return np.log(p / (1 - p))


def by_hand(
    ranker: Ranker, rows: dict[str, Any], tasks: TaskGraph, by_scenario: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns y of every label [B, C] and the weight of the parent's token [B, C], NaN of roots."""
    features = ranker.features(tensors(rows))
    count = len(rows[SCENARIO_KEY])
    flat = np.concatenate([features.fields.numpy().reshape(count, -1), features.numeric], 1)
    flat, offset = flat.astype(np.float64), features.offset.numpy().astype(np.float64)

    def value(name: str) -> np.ndarray:
        return weight(ranker, f"aitm/{name}").numpy().astype(np.float64)

    layers = [(value(f"towers/dense_{i}/kernel"), value(f"towers/dense_{i}/bias")) for i in (0, 1)]
    last, last_bias = value("last/kernel"), value("last/bias")
    order = [label.name for label in tasks.labels]
    found, taken = np.zeros((count, len(order))), np.full((count, len(order)), np.nan)
    modules = {
        place: {
            part: value(f"transfer_{place}/{part}")
            for part in (
                "passed/kernel",
                "passed/bias",
                "keys/kernel",
                "queries/kernel",
                "values/kernel",
            )
        }
        for place, label in enumerate(tasks.labels)
        if label.parent is not None
    }
    for row in range(count):
        s = rows[SCENARIO_KEY][row] if by_scenario else 0
        z, start = {}, {}
        for place, label in enumerate(tasks.labels):
            own = flat[row]
            for kernel, bias in layers:
                own = np.maximum(own @ kernel[s, place] + bias[s, place, 0], 0)
            z[label.name], start[label.name] = own, sigmoid(offset[row, place])
            if label.parent is not None:
                module = {part: kernel[s] for part, kernel in modules[place].items()}
                passed = z[label.parent] @ module["passed/kernel"] + module["passed/bias"][0]
                tokens = [np.maximum(passed, 0), own]
                keys, queries, values = (
                    [u @ module[f"{part}/kernel"][0] for u in tokens]
                    for part in ("keys", "queries", "values")
                )
                scores = [k @ q / np.sqrt(UNITS[-1]) for k, q in zip(keys, queries, strict=True)]
                taken[row, place] = sigmoid(scores[0] - scores[1])
                w = taken[row, place]
                z[label.name] = w * values[0] + (1 - w) * values[1]
                start[label.name] = start[label.parent] * start[label.name]
            head = z[label.name] @ last[s, place, :, 0] + last_bias[s, place, 0, 0]
            found[row, place] = sigmoid(head + logit(start[label.name]))
    return found, taken
