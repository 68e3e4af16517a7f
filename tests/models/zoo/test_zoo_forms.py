"""Half precision, XLA and the SavedModel, of small models of one architecture each."""

import pathlib
from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from made_batches import (
    batch,
    five_branch_graph,
    layout,
    make_ranker,
    randomise,
    taken,
    task_graph,
    tensors,
    with_domain,
)
from made_lists import with_lists

from models.features.inputs import InputLayout
from models.ranker import Ranker
from schemas.task_graph import TaskGraph

ROWS = 48


class Form(NamedTuple):
    """A small model, and the log that it has most parts with."""

    model: dict[str, Any]
    tasks: TaskGraph = task_graph(2)
    inputs: InputLayout = layout()

    def made(self, **training: Any) -> Ranker:
        model = {"embedding_dim": 4, **self.model}
        return make_ranker(model, inputs=self.inputs, tasks=self.tasks, **training)

    def rows(self) -> dict[str, np.ndarray]:
        return batch(ROWS, self.inputs, self.tasks)


FORMS = {
    "star": Form({"units": (8, 6), "tower_units": (5,), "auxiliary_units": (4,)}),
    "hinet": Form(
        {
            "expert_units": (7, 6),
            "attention_units": (4,),
            "task_expert_units": (5,),
            "tower_units": (4,),
        }
    ),
    "causalint": Form(
        {
            "encoder_units": (6, 5),
            "transfer_width": 3,
            "inner_rate": 0.1,
            # Gradients summed over a batch and divided by its rows are short.
            "conflict_weight": 30.0,
        }
    ),
    "pepnet": Form({"scenario_gate_units": 7, "tower_units": (6, 5), "personal_gate_units": 8}),
    "dffm": Form(
        {
            "micro_units": (3,),
            "interaction_units": (6, 5),
            "heads": 2,
            "head_units": 3,
            "tower_units": (4,),
        },
        inputs=with_domain(with_lists(layout())),
    ),
    "taml": Form(
        {
            "learners": 2,
            "shared_experts": 2,
            "expert_units": (5, 4),
            "tower_units": (3,),
            "fusion": "gated",
            "towers": "scenario_task",
        },
        five_branch_graph(),
    ),
    "esm2": Form({"tower_units": (8,), "towers": "scenario_task"}, five_branch_graph()),
    "aitm": Form({"tower_units": (8, 4), "towers": "scenario_task"}, five_branch_graph()),
}
# Half precision and XLA have tests of their own, since rows select other experts there.
SELECTING = {
    "aesm2": Form({"expert_units": (8,), "task_expert_units": (6,), "tower_units": (4,)}),
}
# They take longest, or are built as the others are.
SLOW = ("hinet", "dffm", "taml", "esm2", "aitm")


def parametrised(forms: dict[str, Form]) -> pytest.MarkDecorator:
    params = [
        pytest.param(
            form._replace(model={"name": name, **form.model}),
            marks=[pytest.mark.slow] if name in SLOW else [],
            id=name,
        )
        for name, form in forms.items()
    ]
    return pytest.mark.parametrize("form", params)


EVERY = parametrised(FORMS)


def gradients(ranker: Ranker, rows: dict[str, tf.Tensor]) -> np.ndarray:
    """Those of a step on all variables, end to end."""
    found = ranker.training_step.gradients(rows, tf.constant(float(ROWS))).gradients
    return np.concatenate([tf.convert_to_tensor(x).numpy().ravel() for x in found])


@EVERY
@pytest.mark.parametrize(
    "precision", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_half_precision_is_close_and_learns(form: Form, precision: str) -> None:
    plain, mixed = form.made(), form.made(precision=precision)
    randomise(plain, scale=0.2)
    mixed.set_weights(plain.get_weights())
    assert {v.dtype for v in mixed.trainable_variables} == {tf.float32}
    rows = tensors(form.rows())
    for name, wanted in plain(rows).items():
        found = mixed(rows)[name]
        assert found.dtype == tf.float32
        np.testing.assert_allclose(found, wanted, atol=0.03)
    # Where a gradient overflows the scale of the loss is halved and no step is taken.
    losses = [float(mixed.train_step(rows)["loss"]) for _ in range(6)]
    assert np.all(np.isfinite(losses))
    assert losses[-1] < losses[0]
    assert all(np.all(np.isfinite(v)) for v in mixed.weights)
    plain.set_weights(mixed.get_weights())
    halved, whole = (gradients(ranker, rows) for ranker in (mixed, plain))
    assert np.all(np.isfinite(halved))
    assert halved @ whole > 0.99 * np.linalg.norm(halved) * np.linalg.norm(whole) > 0


@EVERY
@pytest.mark.e2e
def test_xla_takes_the_same_step(form: Form) -> None:
    training = {"optimizer": "sgd", "learning_rate": 0.1}
    plain, compiled = (form.made(xla=xla, **training) for xla in (False, True))
    randomise(plain, scale=0.2)
    compiled.set_weights(plain.get_weights())
    rows = tensors(form.rows())
    before = [variable.numpy() for variable in plain.trainable_variables]
    losses, found = plain.train_step(rows), compiled.train_step(rows)
    assert losses.keys() == found.keys()
    for name, loss in losses.items():
        np.testing.assert_allclose(found[name], loss, rtol=1e-4, atol=1e-6, err_msg=name)
    for a, b in zip(plain.weights, compiled.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=a.name)
    for start, variable in zip(before, plain.trainable_variables, strict=True):
        assert np.any(variable.numpy() != start), variable.name


@parametrised({**FORMS, **SELECTING})
@pytest.mark.e2e
def test_a_saved_model_scores_batches_of_any_size(form: Form, tmp_path: pathlib.Path) -> None:
    """By the loader of a model server."""
    ranker, rows = form.made(), form.rows()
    randomise(ranker, scale=0.2)
    columns = {
        key: tf.TensorSpec([None, *x.shape[1:]], x.dtype, key) for key, x in tensors(rows).items()
    }

    def score(**columns: tf.Tensor) -> dict[str, tf.Tensor]:
        return ranker(columns, training=False)

    function = tf.function(score, autograph=False).get_concrete_function(**columns)
    # The variables alone: of a model Keras would trace every layer.
    module = tf.Module()
    module.weights = list(function.variables)
    tf.saved_model.save(module, str(tmp_path), function)
    expected = {output: x.numpy() for output, x in ranker(tensors(rows)).items()}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path))
        served = graph.signature_def["serving_default"]
        read = {key: info.name for key, info in served.inputs.items()}
        wanted = {output: info.name for output, info in served.outputs.items()}
        assert set(wanted) == set(expected)
        for chosen in (slice(None), slice(7, 8)):
            part = taken(rows, chosen)
            found = session.run(wanted, {at: part[key] for key, at in read.items()})
            for output, scores in found.items():
                np.testing.assert_allclose(scores, expected[output][chosen], rtol=0, atol=1e-6)
