"""A step that computes its gradients twice moves averages once."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, task_graph, tensors, weight
from toy_ranker import toy_ranker

from models.features.inputs import SCENARIO_KEY
from models.layers.once_a_step import first_call_of_step, one_step
from models.layers.scenario_batch_norm import ScenarioBatchNorm
from models.ranker import Ranker
from models.steps.train_step import Batch, StepGradients, TrainStep
from models.zoo.multi_task.shared_bottom import SharedBottom


class Twice(TrainStep):
    """Averages the gradients of two passes."""

    def gradients(self, batch: Batch, rows: tf.Tensor) -> StepGradients:
        first, second = (super(Twice, self).gradients(batch, rows) for _ in range(2))
        pairs = zip(first.gradients, second.gradients, strict=True)
        both = [(tf.convert_to_tensor(a) + tf.convert_to_tensor(b)) / 2 for a, b in pairs]
        return second._replace(gradients=both)


class Normalised(SharedBottom):
    """Shared-Bottom whose fields are normalised by scenario."""

    def __init__(self, config: Any, layout: Any, tasks: Any) -> None:
        super().__init__(config, layout, tasks)
        self._norm = ScenarioBatchNorm(self.scenarios)

    def call(self, features: Any, training: bool = False) -> dict[str, tf.Tensor]:
        normalised = self._norm(features.flat(), features.scenario, training=training)
        shape = tf.shape(features.fields)
        count = features.fields.shape[1] * features.fields.shape[2]
        fields = tf.reshape(normalised[:, :count], shape)
        return super().call(features._replace(fields=fields), training=training)

    def train_step(self, ranker: Ranker) -> TrainStep:
        return Twice(ranker)


@pytest.mark.parametrize("xla", [False, True])
def test_a_step_of_two_passes_moves_the_moments_once(
    monkeypatch: pytest.MonkeyPatch, xla: bool
) -> None:
    ranker = toy_ranker(monkeypatch, Normalised, xla=xla)
    rows = batch(60, ranker.layout, task_graph(2))
    counts = np.bincount(rows[SCENARIO_KEY], minlength=3)
    seen = weight(ranker, "scenario_batch_norm/rows")
    step = tf.function(ranker.train_step, autograph=False)
    assert np.all(seen.numpy() == 0)
    for wanted in (counts, 1.99 * counts, (0.99 * 1.99 + 1) * counts):
        assert np.isfinite(step(tensors(rows))["loss"].numpy())
        np.testing.assert_allclose(seen[:, 0], wanted, rtol=1e-6)
    # Validation and scores move nothing.
    ranker.test_step(tensors(rows))
    ranker(tensors(rows))
    np.testing.assert_allclose(seen[:, 0], wanted, rtol=1e-6)


def test_every_step_has_its_first_calls_and_outside_all_are() -> None:
    first, second = object(), object()
    assert first_call_of_step(first) and first_call_of_step(first)
    for _ in range(2):
        with one_step():
            assert first_call_of_step(first)
            assert not first_call_of_step(first)
            assert first_call_of_step(second)
    assert first_call_of_step(first)
