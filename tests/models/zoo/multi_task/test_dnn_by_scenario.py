"""Networks and tables of every scenario's own are as many models, each trained on its rows."""

import re
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors
from made_lists import with_lists

from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from models.registry import parse_model_config

K, ROWS = 2, 60
INPUTS, TASKS = with_lists(layout(K)), task_graph(2)
SMALL = {"name": "dnn", "embedding_dim": 4, "units": (6,), "embedding_l2": 0.3, "wide_l2": 0.2}
OWN = {"networks": "scenario", "tables": "scenario"}


def counts_of(rows: dict[str, np.ndarray], by_scenario: bool) -> dict[str, np.ndarray]:
    """How often every value stands in the rows, int [size] or [K, size]."""
    found = {}
    for field in INPUTS.fields:
        values, scenario = rows[field.key], rows[SCENARIO_KEY]
        counts = [[np.sum(values[scenario == k] == v) for v in range(field.size)] for k in range(K)]
        found[field.name] = np.array(counts) if by_scenario else np.sum(counts, axis=0)
    return found


def made(counted: dict[str, np.ndarray] | None, **options: Any) -> Ranker:
    per = "lookup" if counted is None else "value"
    model = parse_model_config({**SMALL, "l2_per": per, **options})
    return Ranker(INPUTS, TASKS, model, TrainingConfig(), value_counts=counted)


def of_scenario(found: dict[str, np.ndarray], like: Ranker, k: int) -> dict[str, np.ndarray]:
    """What of values by variable belongs to a scenario, by the names of a model for it alone."""
    own = [
        value
        for name, value in found.items()
        if not re.search(r"/scenario_\d+/", name) or f"/scenario_{k}/" in name
    ]
    pairs = zip(like.trainable_variables, own, strict=True)
    return {v.name: x if x.shape == v.shape else x.reshape(K, *v.shape)[k] for v, x in pairs}


def gradients_of(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gradients of the sum of the rows' losses."""
    found = ranker.training_step.gradients(tensors(rows), tf.constant(1.0)).gradients
    return {
        v.name: tf.convert_to_tensor(g).numpy()
        for v, g in zip(ranker.trainable_variables, found, strict=True)
    }


@pytest.mark.parametrize(("kind", "counts"), [("din", False), ("attention", True)])
def test_it_is_a_model_a_scenario(kind: str, counts: bool) -> None:
    rows = batch(ROWS, INPUTS, TASKS)
    together = made(counts_of(rows, True) if counts else None, histories=kind, **OWN)
    randomise(together, scale=0.2)
    values = {v.name: v.numpy() for v in together.trainable_variables}
    gradients = gradients_of(together, rows)
    scores, features = together(tensors(rows)), together.features(tensors(rows))
    size = 0
    for k in range(K):
        at = rows[SCENARIO_KEY] == k
        mine = taken(rows, at)
        alone = made(counts_of(mine, False) if counts else None, histories=kind)
        parameters = of_scenario(values, alone, k)
        for variable in alone.trainable_variables:
            variable.assign(parameters[variable.name])
        own = alone.features(tensors(mine))
        np.testing.assert_allclose(features.fields.numpy()[at], own.fields, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(features.offset.numpy()[at], own.offset, rtol=1e-5, atol=1e-6)
        for output, score in alone(tensors(mine)).items():
            np.testing.assert_allclose(scores[output].numpy()[at], score, rtol=1e-5, atol=1e-6)
        wanted = gradients_of(alone, mine)
        for name, found in of_scenario(gradients, alone, k).items():
            np.testing.assert_allclose(found, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)
            assert np.any(found), name
        size += sum(variable.numpy().size for variable in alone.trainable_variables)
    # No parameter is left that scenarios share.
    assert size == sum(value.size for value in values.values())


def test_attention_is_that_of_the_own_reader() -> None:
    rows = batch(ROWS, INPUTS, TASKS)
    together = made(None, **OWN)
    randomise(together, scale=0.2)
    values = {v.name: v.numpy() for v in together.trainable_variables}
    found = together.explain(tensors(rows))["attention/history"].values
    for k in range(K):
        alone = made(None)
        parameters = of_scenario(values, alone, k)
        for variable in alone.trainable_variables:
            variable.assign(parameters[variable.name])
        own = alone.explain(tensors(taken(rows, rows[SCENARIO_KEY] == k)))
        np.testing.assert_allclose(found[k], own["attention/history"].values[k], rtol=1e-5)


@pytest.mark.parametrize("tables", ["shared", "scenario"])
def test_one_network_may_read_tables_of_the_scenarios(tables: str) -> None:
    ranker = make_ranker({"name": "dnn", "embedding_dim": 4, "units": (6,), "tables": tables})
    sizes = {name: table.shape[0] for name, table in ranker.embeddings.tables.items()}
    blocks = 3 if tables == "scenario" else 1
    assert sizes == {"user": 600 * blocks, "item": 40 * blocks, "hour": 24 * blocks} | {
        "scenario": 3 * blocks
    }
    assert ranker.first_order.bias.shape == ((3, 2) if tables == "scenario" else (2,))
    (kernel,) = [v for v in ranker.weights if "hidden/dense_0/kernel" in v.name]
    assert kernel.shape == (18, 6)


def test_scenarios_start_from_the_base_rates_and_from_different_embeddings() -> None:
    ranker = make_ranker({"name": "dnn", **OWN}, base_rates={"click": 0.25})
    bias = ranker.first_order.bias.numpy()
    np.testing.assert_allclose(bias[:, 0], np.log(1 / 3), rtol=1e-6)
    np.testing.assert_array_equal(bias[:, 1], 0.0)
    first, second, third = ranker.embeddings.tables["item"].numpy().reshape(3, 40, 6)
    assert np.all(first != second) and np.all(second != third)
