"""A training step that an architecture brings."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, step_gradients, task_graph, tensors
from toy_ranker import toy_ranker

from models.ranker import Ranker
from models.schedule import Phase
from models.steps.train_step import Batch, StepGradients, TrainStep
from models.zoo.multi_task.shared_bottom import SharedBottom

INNER_RATE = 0.3


class LookAhead(TrainStep):
    """Takes the gradients at where a step of them would lead (the extragradient method)."""

    def gradients(self, batch: Batch, rows: tf.Tensor) -> StepGradients:
        variables = self.ranker.trainable_variables
        starts = [tf.identity(v) for v in variables]
        first = super().gradients(batch, rows)
        for variable, gradient in zip(variables, first.gradients, strict=True):
            variable.assign_sub(INNER_RATE * tf.convert_to_tensor(gradient))
        found = super().gradients(batch, rows)
        for variable, start in zip(variables, starts, strict=True):
            variable.assign(start)
        return found


class LooksAhead(SharedBottom):
    """Shared-Bottom with a step of its own."""

    def train_step(self, ranker: Ranker) -> TrainStep:
        return LookAhead(ranker)


def test_an_architectures_own_step_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    # The rule acts on what the own step found.
    ranker = toy_ranker(monkeypatch, LooksAhead, {"gradient_rule": "gram_schmidt"})
    plain = toy_ranker(monkeypatch, SharedBottom, {"gradient_rule": "gram_schmidt"})
    rows = batch(30, ranker.layout, task_graph(2))
    starts = [v.numpy() for v in plain.trainable_variables]
    gradients = step_gradients(plain, rows)
    for variable, gradient in zip(plain.trainable_variables, gradients, strict=True):
        variable.assign_sub(INNER_RATE * tf.convert_to_tensor(gradient))
    there = [v.numpy() for v in plain.trainable_variables]
    ahead = plain.train_step(tensors(rows))
    found = tf.function(ranker.train_step)(tensors(rows))
    # Losses, too, are those at the point ahead.
    for name, value in ahead.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5)
    for ours, theirs, start, at in zip(
        ranker.trainable_variables, plain.trainable_variables, starts, there, strict=True
    ):
        np.testing.assert_allclose(ours.numpy() - start, theirs.numpy() - at, atol=1e-6)


def test_every_phase_has_a_step_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ranker = toy_ranker(monkeypatch, LooksAhead)
    first = ranker.training_step
    assert type(first) is LookAhead
    ranker.start_phase(Phase("train", 1))
    assert type(ranker.training_step) is LookAhead and ranker.training_step is not first
