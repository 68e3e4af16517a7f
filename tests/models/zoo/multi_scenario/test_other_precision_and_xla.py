"""STAR, HiNet and PEPNet in half precision and with XLA."""

from typing import Any

import numpy as np
import pytest
from made_batches import batch, make_ranker, randomise, task_graph, tensors

STAR = {"name": "star", "units": (8, 6), "tower_units": (5,), "auxiliary_units": (4,)}
HINET = {
    "name": "hinet",
    "expert_units": (7, 6),
    "attention_units": (4,),
    "task_expert_units": (5,),
    "tower_units": (4,),
}
PEPNET = {
    "name": "pepnet",
    "scenario_gate_units": 7,
    "tower_units": (6, 5),
    "personal_gate_units": 8,
}
MODELS = pytest.mark.parametrize("model", [STAR, HINET, PEPNET], ids=["star", "hinet", "pepnet"])


@MODELS
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_and_learns(model: dict[str, Any], precision: str) -> None:
    small = {**model, "embedding_dim": 4}
    plain, mixed = make_ranker(small), make_ranker(small, precision=precision)
    randomise(plain, scale=0.2)
    mixed.set_weights(plain.get_weights())
    rows = tensors(batch(30, plain.layout, task_graph(2)))
    for name, wanted in plain(rows).items():
        np.testing.assert_allclose(mixed(rows)[name], wanted, atol=0.03)
    losses = [float(mixed.train_step(rows)["loss"]) for _ in range(4)]
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]


@MODELS
def test_xla_takes_the_same_step(model: dict[str, Any]) -> None:
    training = {"optimizer": "sgd", "learning_rate": 0.1}
    plain, compiled = (make_ranker(model, xla=xla, **training) for xla in (False, True))
    randomise(plain, scale=0.2)
    compiled.set_weights(plain.get_weights())
    rows = tensors(batch(30, plain.layout, task_graph(2)))
    loss = plain.train_step(rows)["loss"]
    np.testing.assert_allclose(compiled.train_step(rows)["loss"], loss, rtol=1e-5)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
