"""Half precision, XLA and the SavedModel, of architectures with no such tests of their own."""

import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, five_branch_graph, layout, make_ranker, randomise, tensors
from made_lists import with_lists
from small_log import encoded, made_rows

from models.config import TrainingConfig
from models.export.saved_model import ServingModule, save_serving_model
from models.features.layout import build_input_layout
from models.features.parsing import from_examples
from models.ranker import Ranker
from models.registry import parse_model_config
from schemas.contract import Contract

MODELS: dict[str, dict[str, Any]] = {
    "aitm": {"tower_units": (8, 4)},
    "esm2": {"tower_units": (8,)},
}
TASKS, INPUTS, ROWS = five_branch_graph(), with_lists(layout()), 48


def made(name: str, **training: Any) -> Ranker:
    model = {"name": name, "embedding_dim": 4, "towers": "scenario_task", **MODELS[name]}
    ranker = make_ranker(model, inputs=INPUTS, tasks=TASKS, **training)
    randomise(ranker, scale=0.2)
    return ranker


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close_and_keeps_its_variables(name: str, precision: str) -> None:
    rows = tensors(batch(ROWS, INPUTS, TASKS))
    plain, mixed = made(name), made(name, precision=precision)
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    for output, wanted in plain(rows).items():
        found = mixed(rows)[output]
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, wanted, atol=0.05)
    losses = [float(mixed.train_step(rows)["loss"]) for _ in range(3)]
    assert np.all(np.isfinite(losses))


@pytest.mark.e2e
@pytest.mark.parametrize("name", MODELS)
def test_xla_takes_the_same_step(name: str) -> None:
    rows = tensors(batch(ROWS, INPUTS, TASKS))
    options = {"optimizer": "sgd", "learning_rate": 0.1}
    plain, compiled = made(name, **options), made(name, xla=True, **options)
    loss = plain.train_step(rows)["loss"]
    np.testing.assert_allclose(compiled.train_step(rows)["loss"], loss, rtol=1e-5)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.e2e
@pytest.mark.parametrize("name", MODELS)
def test_the_saved_model_scores_as_the_trained_one(
    name: str,
    contract: Contract,
    transform_output: Any,
    transform_layer: Any,
    tmp_path: pathlib.Path,
) -> None:
    inputs = build_input_layout(contract, transform_output)
    model = parse_model_config({"name": name, **MODELS[name]})
    ranker = Ranker(inputs, contract.tasks, model, TrainingConfig())
    randomise(ranker)
    save_serving_model(ServingModule(ranker, transform_layer, contract), str(tmp_path / "saved"))
    examples = tf.constant([encoded(row) for row in made_rows(30, seed=5)])
    scores = ranker(transform_layer(from_examples(contract, examples)))
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / "saved"))
        signature = graph.signature_def["serving_default"]
        found = session.run(
            {output: info.name for output, info in signature.outputs.items()},
            {signature.inputs["examples"].name: examples.numpy()},
        )
    assert set(found) == {output.name for output in contract.tasks.outputs}
    for output, wanted in scores.items():
        np.testing.assert_allclose(found[output], wanted, rtol=0, atol=1e-6)
