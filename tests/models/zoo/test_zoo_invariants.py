"""What must hold for every architecture."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors

from models import registry
from models.features.inputs import SCENARIO_KEY, weight_key
from models.ranker import Ranker

# Options under which an architecture has parameters private to a scenario.
PRIVATE = {
    "dnn": {"networks": "scenario"},
    "shared_bottom": {"towers": "scenario_task"},
    "mmoe": {"gates": "scenario_task"},
    "ple": {"gates": "scenario_task"},
    "esmm": {"towers": "scenario_task"},
    "taml": {"towers": "scenario_task"},
    "esm2": {"towers": "scenario_task"},
    "aitm": {"towers": "scenario_task"},
}
SHARED = {
    "dnn": {"networks": "shared"},
    "shared_bottom": {"towers": "task"},
    "mmoe": {"gates": "task"},
    "ple": {"gates": "task"},
    "esmm": {"towers": "task"},
    "taml": {"towers": "task"},
    "esm2": {"towers": "task"},
    "aitm": {"towers": "task"},
}
VARIANTS = [
    *({"name": name, **PRIVATE.get(name, {})} for name in registry.names()),
    *({"name": name, **options} for name, options in SHARED.items()),
    {"name": "dnn", "networks": "scenario", "tables": "scenario"},
]


@pytest.fixture(params=VARIANTS, ids=lambda v: "-".join(map(str, v.values())))
def variant(request: Any) -> dict[str, Any]:
    return {**request.param, "embedding_dim": 4}


def scored(ranker: Ranker, rows: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([x.numpy() for x in ranker(tensors(rows)).values()], axis=1)


def test_scores_follow_their_rows(variant: dict[str, Any]) -> None:
    ranker = make_ranker(variant)
    randomise(ranker, scale=0.1)
    rows = batch(64, ranker.layout, task_graph(2))
    scores = scored(ranker, rows)
    assert np.all((scores >= 0) & (scores <= 1))
    assert np.all(scores.std(0) > 0.01)
    np.testing.assert_allclose(scores[:, 0] * scores[:, 1], scores[:, 2], rtol=1e-6)

    order = np.random.default_rng(1).permutation(64)
    np.testing.assert_allclose(scored(ranker, taken(rows, order)), scores[order], atol=1e-6)
    for k in range(3):
        mine = np.flatnonzero(rows[SCENARIO_KEY] == k)
        np.testing.assert_allclose(scored(ranker, taken(rows, mine)), scores[mine], atol=1e-6)
    np.testing.assert_allclose(scored(ranker, taken(rows, [5])), scores[[5]], atol=1e-6)


def test_the_scenario_alone_changes_the_score_where_parts_are_private(
    variant: dict[str, Any],
) -> None:
    ranker = make_ranker(variant)
    randomise(ranker)
    rows = batch(64, ranker.layout, task_graph(2))
    changed = dict(rows, **{SCENARIO_KEY: (rows[SCENARIO_KEY] + 1) % 3})
    private = variant.items() >= PRIVATE.get(variant["name"], {}).items()
    assert np.any(scored(ranker, rows) != scored(ranker, changed)) == private


def test_a_step_without_a_scenario_is_finite(variant: dict[str, Any]) -> None:
    ranker = make_ranker(variant)
    rows = batch(64, ranker.layout, task_graph(2))
    rows = taken(rows, rows[SCENARIO_KEY] != 1)
    losses = ranker.train_step(tensors(rows))
    assert np.all(np.isfinite([x.numpy() for x in losses.values()]))
    assert all(np.all(np.isfinite(v.numpy())) for v in ranker.weights)


@pytest.mark.parametrize(("scenarios", "labels"), [(1, 1), (12, 3)])
def test_any_number_of_scenarios_and_labels(
    variant: dict[str, Any], scenarios: int, labels: int
) -> None:
    inputs, tasks = layout(scenarios), task_graph(labels)
    ranker = make_ranker(variant, inputs=inputs, tasks=tasks)
    rows = tensors(batch(100, inputs, tasks))
    assert [*ranker(rows)] == [output.name for output in tasks.outputs]
    # Low-rank parts start at zero, where one factor of the product has no gradient.
    randomise(ranker)
    gradients = ranker.training_step.gradients(rows, tf.constant(100.0)).gradients
    assert all(np.any(tf.convert_to_tensor(g).numpy() != 0) for g in gradients)


@pytest.mark.e2e
@pytest.mark.parametrize("name", registry.names())
def test_512_rows_can_be_learned_by_heart(name: str) -> None:
    ranker = make_ranker({"name": name, "embedding_dim": 4, "wide": False}, learning_rate=0.01)
    rows = batch(512, ranker.layout, task_graph(2))
    for output in ranker.supervised_outputs:
        rows[weight_key(output)] = (rows[weight_key(output)] > 0).astype(np.float32)
    step, data = tf.function(ranker.train_step), tensors(rows)
    losses = [step(data)["loss"].numpy() for _ in range(100)]
    assert losses[0] > 0.9
    assert losses[-1] < 0.1
