"""Every architecture takes histories, pooled values and vectors, without a change of its own."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, layout, make_ranker, randomise, taken, task_graph, tensors
from made_lists import with_lists

from models import registry
from models.features.inputs import lengths_key
from models.schedule import Phase

INPUTS, TASKS = with_lists(layout()), task_graph(2)
ROWS = 48


def made(name: str, kind: str = "din", **options: Any) -> Any:
    ranker = make_ranker(
        {"name": name, "embedding_dim": 4, "histories": kind}, inputs=INPUTS, **options
    )
    randomise(ranker)
    return ranker


@pytest.mark.parametrize("name", registry.names())
def test_scores_depend_on_histories_and_follow_their_rows(name: str) -> None:
    ranker, rows = made(name), batch(ROWS, INPUTS, TASKS)
    scores = np.stack([x.numpy() for x in ranker(tensors(rows)).values()], 1)
    order = np.random.default_rng(1).permutation(ROWS)
    turned = np.stack([x.numpy() for x in ranker(tensors(taken(rows, order))).values()], 1)
    np.testing.assert_allclose(turned, scores[order], atol=1e-6)
    shorter = dict(rows, **{lengths_key("history"): rows[lengths_key("history")] // 2})
    changed = np.stack([x.numpy() for x in ranker(tensors(shorter)).values()], 1)
    differ = np.any(changed != scores, axis=1)
    np.testing.assert_array_equal(differ, rows[lengths_key("history")] > 0)
    assert "attention/history" in ranker.explain(tensors(rows))


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["none", "mean", "din", "attention"])
@pytest.mark.parametrize("name", registry.names())
def test_all_that_reads_lists_is_trained(name: str, kind: str) -> None:
    ranker, rows = made(name, kind), batch(ROWS, INPUTS, TASKS)
    randomise(ranker, scale=0.1)
    gradients = ranker.training_step.gradients(tensors(rows), tf.constant(float(ROWS))).gradients
    names = [v.name for v in ranker.trainable_variables]
    without = [
        n
        for n, g in zip(names, gradients, strict=True)
        if g is None or not np.any(tf.convert_to_tensor(g).numpy())
    ]
    assert without == []


def test_csii_names_its_fields_by_the_slots() -> None:
    ranker = made("csii")
    found = ranker.explain(tensors(batch(ROWS, INPUTS, TASKS)))["transferability"]
    assert found.axes[2].entries == INPUTS.slots(True)
    assert found.values.shape == (3, 3, 12)


def test_frozen_fields_leave_lists_as_they_are_in_autoifs() -> None:
    model: dict[str, Any] = {"name": "autoifs", "embedding_dim": 4, "export_gates": "static"}
    model["static_agreement"] = 0.5
    ranker, rows = make_ranker(model, inputs=INPUTS), tensors(batch(ROWS, INPUTS, TASKS))
    randomise(ranker)
    architecture: Any = ranker.architecture
    architecture.finish_phase("search", ranker.embeddings)
    searched = architecture.scores(ranker.features(rows)).numpy()
    ranker.start_phase(Phase("retrain", 1))
    np.testing.assert_allclose(architecture.scores(ranker.features(rows)), searched, rtol=1e-5)
    # A field's table is frozen; that of a list, which is no field's, is read as it is.
    ranker.embeddings.tables["user"].assign_add(tf.ones([600, 4]))
    np.testing.assert_allclose(architecture.scores(ranker.features(rows)), searched, rtol=1e-5)
    ranker.embeddings.tables["queries"].assign_add(tf.ones([12, 4]))
    assert np.any(architecture.scores(ranker.features(rows)).numpy() != searched)
    assert set(architecture.explain(ranker.features(rows))) == {"kept", "gate_value"}
    assert ranker.prepare_export([rows])["gates"] == "static"
    assert all(np.all(np.isfinite(x)) for x in ranker(rows).values())


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["mean", "din", "attention"])
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_and_finite_with_empty_lists(kind: str, precision: str) -> None:
    rows = tensors(batch(ROWS, INPUTS, TASKS))
    plain, mixed = made("mmoe", kind), made("mmoe", kind, precision=precision)
    mixed.set_weights(plain.get_weights())
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    assert mixed.features(rows).fields.dtype == precision.removeprefix("mixed_")
    for output, wanted in plain(rows).items():
        np.testing.assert_allclose(mixed(rows)[output], wanted, atol=0.05)
    gradients = mixed.training_step.gradients(rows, tf.constant(float(ROWS))).gradients
    if precision == "mixed_bfloat16":
        assert all(np.all(np.isfinite(tf.convert_to_tensor(g))) for g in gradients)
    step = tf.function(mixed.train_step)
    losses = [step(rows)["loss"].numpy() for _ in range(30)]
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["mean", "din", "attention"])
def test_xla_takes_the_same_step_with_lists(kind: str) -> None:
    rows = tensors(batch(ROWS, INPUTS, TASKS))
    options = {"optimizer": "sgd", "learning_rate": 0.1}
    plain, compiled = made("mmoe", kind, **options), made("mmoe", kind, xla=True, **options)
    loss = plain.train_step(rows)["loss"]
    np.testing.assert_allclose(compiled.train_step(rows)["loss"], loss, rtol=1e-5)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_one_seed_gives_one_model_with_lists() -> None:
    first, second = (
        make_ranker(
            {"name": "mmoe", "embedding_dim": 4, "histories": "attention"}, inputs=INPUTS, seed=5
        )
        for _ in range(2)
    )
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
