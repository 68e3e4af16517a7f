"""Several predictions of one output, and losses of rows that an architecture adds."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, step_gradients, task_graph, tensors
from small_training import made_loop
from toy_ranker import toy_ranker

from models import registry
from models.config import ModelConfig
from models.feature_struct import Features
from models.features.inputs import InputLayout, target_key, weight_key
from models.layers.towers import Towers
from models.losses.predictions import Supervision
from models.zoo.multi_task.shared_bottom import SharedBottom, SharedBottomConfig
from schemas.task_graph import TaskGraph

ROWS = 40


class TwoLearners(SharedBottom):
    """A second tower learns the first label too, with half its weight."""

    def __init__(self, config: SharedBottomConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._second = Towers(1, (), None, 0.0, 0.0, name="second")

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> Mapping[str, Supervision]:
        return {**super().supervisions(config, tasks), "click@learner_2": Supervision("click", 0.5)}

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        second = self._second(self._bottom(features.flat()), scenario=features.scenario)
        return super().call(features, training) | {"click@learner_2": second[:, 0]}


def cross_entropy(rows: dict[str, np.ndarray], output: str, logits: tf.Tensor) -> float:
    target, weight = rows[target_key(output)], rows[weight_key(output)]
    probability = 1 / (1 + np.exp(-logits.numpy().astype(np.float64)))
    losses = target * np.log(probability) + (1 - target) * np.log(1 - probability)
    return float(-(weight * losses).sum() / ROWS)


def test_two_learners_of_an_output_share_its_targets_and_its_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {"click": 3.0}
    ranker = toy_ranker(monkeypatch, TwoLearners, {"kernel_l2": 0.1}, loss_weights=weights)
    rows = batch(ROWS, ranker.layout, task_graph(2))
    predictions = ranker.predictions(ranker.features(tensors(rows)))
    learned = {"click": "click", "click@learner_2": "click", "action_given_click": None}
    wanted = {k: cross_entropy(rows, v or k, predictions[k]) for k, v in learned.items()}
    found = ranker.test_step(tensors(rows))
    for name, value in wanted.items():
        np.testing.assert_allclose(found[f"{name}_loss"], value, rtol=1e-5)
    clicks = wanted["click"] + 0.5 * wanted["click@learner_2"]
    total = 3 * clicks + wanted["action_given_click"] + found["penalty"]
    np.testing.assert_allclose(found["loss"], total, rtol=1e-5)
    terms = ranker.loss_terms(tensors(rows), False, tf.constant(float(ROWS)))
    for weighted, factor in ((True, 3), (False, 1)):
        part = terms.of_output("click", tf.constant(float(ROWS)), weighted)
        np.testing.assert_allclose(part, factor * clicks, rtol=1e-5)
    # It is learned, but no output.
    assert ranker.supervised_outputs == ("click", "action_given_click")
    assert [*ranker(tensors(rows))] == [x.name for x in task_graph(2).outputs]
    gradients = step_gradients(ranker, rows)
    (bias,) = [
        g
        for v, g in zip(ranker.trainable_variables, gradients, strict=True)
        if "second" in v.name and "bias" in v.name
    ]
    logits = predictions["click@learner_2"].numpy()
    errors = 1 / (1 + np.exp(-logits)) - rows[target_key("click")]
    slope = 3 * 0.5 * (rows[weight_key("click")] * errors).sum() / ROWS
    np.testing.assert_allclose(np.ravel(bias), [slope], rtol=1e-5)


class Scaled(SharedBottom):
    """A factor learns a label by least squares, each row by its weight."""

    seen: list[bool]

    def __init__(self, config: SharedBottomConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._factor = self.add_weight("factor", ())

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        self.seen.append(training)
        return {"distance": weights["click"] * (self._factor * targets["click"] - 1) ** 2}


def test_losses_of_rows_reach_their_variable_and_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Scaled.seen = []
    ranker = toy_ranker(monkeypatch, Scaled)
    rows = batch(ROWS, ranker.layout, task_graph(2))
    (factor,) = [v for v in ranker.trainable_variables if v.name.endswith("factor:0")]
    factor.assign(0.3)
    click, weight = rows[target_key("click")], rows[weight_key("click")]
    Scaled.seen.clear()  # Making the ranker called it too.
    found = ranker.test_step(tensors(rows))
    assert Scaled.seen == [False]
    distance = (weight * (0.3 * click - 1) ** 2).sum() / ROWS
    np.testing.assert_allclose(found["distance_loss"], distance, rtol=1e-5)
    others = found["click_loss"] + found["action_given_click_loss"] + found["penalty"]
    np.testing.assert_allclose(found["loss"], others + distance, rtol=1e-5)
    ranker.train_step(tensors(rows))
    assert Scaled.seen == [False, True]
    slope = (weight * 2 * (0.3 * click - 1) * click).sum() / ROWS
    np.testing.assert_allclose(factor.numpy(), 0.3 - 0.1 * slope, rtol=1e-5)


class Columns(SharedBottom):
    """Scores as a column, which sums of [B, B] losses would take without an error."""

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        return {name: x[:, tf.newaxis] for name, x in super().call(features, training).items()}


class ColumnOfLearner(TwoLearners):
    """One further prediction is a column."""

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        found = super().call(features, training)
        # What has no loss and is no output may have any shape.
        seen = {"seen": features.fields}
        return found | {"click@learner_2": found["click@learner_2"][:, tf.newaxis]} | seen


class OneLoss(Scaled):
    """A loss of the batch, where losses of rows are wanted."""

    def losses(self, *args: Any) -> dict[str, tf.Tensor]:
        return {name: tf.reduce_mean(x) for name, x in super().losses(*args).items()}


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (Columns, r"the prediction 'click' has the shape \(1, 1\); want one number a row, \[B\]"),
        (ColumnOfLearner, r"the prediction 'click@learner_2' has the shape \(1, 1\)"),
        (OneLoss, r"the loss 'distance' has the shape \(\); want one number a row"),
    ],
)
def test_what_is_not_one_number_a_row_is_refused(
    monkeypatch: pytest.MonkeyPatch, architecture: type[SharedBottom], message: str
) -> None:
    Scaled.seen = []
    with pytest.raises(ValueError, match=message):
        toy_ranker(monkeypatch, architecture)


@pytest.mark.e2e
def test_the_history_has_the_losses_of_rows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    Scaled.seen = []
    monkeypatch.setattr(registry, "architecture", lambda _: Scaled)
    _, loop = made_loop(tmp_path / "checkpoints", {"max_epochs": 2, "patience": 9})
    records: list[dict[str, Any]] = loop.run()["epochs"]
    losses = [record["distance_loss"] for record in records]
    assert len(losses) == 2 and losses[1] < losses[0]
