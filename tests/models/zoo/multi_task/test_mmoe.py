from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import (
    batch,
    make_ranker,
    randomise,
    taken,
    task_graph,
    tensors,
    weight,
)

from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker

CONFIG = {"name": "mmoe", "experts": 3, "expert_units": (8, 6), "tower_units": (5,)}


def made(gates: str) -> tuple[Ranker, dict[str, Any]]:
    ranker = make_ranker({**CONFIG, "gates": gates})
    randomise(ranker)
    return ranker, batch(30, ranker.layout, task_graph(2))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


@pytest.mark.parametrize("gates", ["task", "scenario_task"])
def test_probabilities_are_the_formula(gates: str) -> None:
    ranker, rows = made(gates)
    data = tensors(rows)
    features = ranker.features(data)
    flat = np.concatenate([features.fields.numpy().reshape(30, -1), features.numeric], 1)
    names = ("experts/dense_0", "experts/dense_1", "towers/hidden/dense_0", "towers/last")
    (k0, b0), (k1, b1), (kt, bt), (kl, bl) = (
        (weight(ranker, f"{n}/kernel").numpy(), weight(ranker, f"{n}/bias").numpy()) for n in names
    )
    gate = weight(ranker, "gates/dense/kernel").numpy().reshape(flat.shape[1], -1, 2, 3)
    outputs = ranker(data)
    for row, k in enumerate(rows[SCENARIO_KEY]):
        experts = np.stack(
            [relu(relu(flat[row] @ k0[n] + b0[n][0]) @ k1[n] + b1[n][0]) for n in range(3)]
        )
        for c, output in enumerate(("click", "action_given_click")):
            own = k if gates == "scenario_task" else 0
            mixed = softmax(flat[row] @ gate[:, own, c]) @ experts
            tower = (k, c) if gates == "scenario_task" else (c,)
            z = relu(mixed @ kt[tower] + bt[tower][0])
            logit = z @ kl[tower][:, 0] + bl[tower][0, 0] + features.offset[row, c].numpy()
            assert outputs[output][row].numpy() == pytest.approx(1 / (1 + np.exp(-logit)), abs=5e-6)


def test_gates_sum_to_one_and_differ_by_scenario_and_task() -> None:
    ranker, rows = made("scenario_task")
    gates = ranker.architecture.gates(ranker.features(tensors(rows))).numpy()
    assert gates.shape == (30, 2, 3)
    np.testing.assert_allclose(gates.sum(-1), 1, atol=1e-6)
    assert gates.std() > 0.1
    other = dict(rows, **{SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3})
    elsewhere = ranker.architecture.gates(ranker.features(tensors(other))).numpy()
    assert np.abs(gates - elsewhere).max(axis=(1, 2)).min() > 1e-3


def test_rows_of_other_scenarios_train_neither_gate_nor_tower() -> None:
    ranker, rows = made("scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] == 2)
    gradients = ranker.training_step.gradients(
        tensors(rows), tf.constant(float(len(rows[SCENARIO_KEY])))
    ).gradients
    by_name = {
        v.name: tf.convert_to_tensor(g).numpy()
        for v, g in zip(ranker.trainable_variables, gradients, strict=True)
    }
    (gate,) = [g.reshape(-1, 3, 6) for name, g in by_name.items() if "gates" in name]
    assert np.all(gate[:, :2] == 0)
    assert np.any(gate[:, 2] != 0)
    towers = [g for name, g in by_name.items() if "towers" in name]
    assert len(towers) == 4
    assert all(np.all(g[:2] == 0) and np.any(g[2] != 0) for g in towers)
    experts = [g for name, g in by_name.items() if "experts" in name]
    assert all(np.any(g[n] != 0) for g in experts for n in range(3))


def test_explains_the_mean_weights_of_every_scenario() -> None:
    ranker, rows = made("scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    gates = ranker.architecture.gates(ranker.features(tensors(rows))).numpy()
    explained, axes = ranker.explain(tensors(rows))["gates"]
    assert [axis.name for axis in axes] == ["scenario", "label", "expert"]
    assert [len(axis.entries) for axis in axes] == [3, 2, 3]
    assert explained.shape == (3, 2, 3)
    for k in (0, 2):
        np.testing.assert_allclose(explained[k], gates[rows[SCENARIO_KEY] == k].mean(0), rtol=1e-5)
    assert np.all(np.isnan(explained[1]))
