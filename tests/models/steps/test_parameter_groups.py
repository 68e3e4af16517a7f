"""Variables with an optimizer, a rate or rows of their own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, step_gradients, task_graph, tensors
from toy_ranker import toy_ranker

from models.config import TrainingConfig
from models.feature_struct import Features
from models.losses.log_odds import both
from models.ranker import Ranker
from models.steps.gradient_rules.rule import GradientRule
from models.steps.held_out_rows import picked_rows
from models.steps.parameter_groups import ParameterGroup
from models.zoo.multi_task.shared_bottom import SharedBottom

ROWS = 50


class TablesByAdagrad(SharedBottom):
    """Embeddings and wide weights are trained by Adagrad, all else by the training's Adam."""

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        return [ParameterGroup(tables, 0.5, optimizer="adagrad")]


def dense(gradients: list[Any]) -> list[np.ndarray]:
    return [tf.convert_to_tensor(g).numpy().astype(np.float64) for g in gradients]


def test_a_group_has_an_optimizer_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ranker = toy_ranker(monkeypatch, TablesByAdagrad, optimizer="adam", learning_rate=0.01)
    variables = ranker.trainable_variables
    wanted = [v.numpy().astype(np.float64) for v in variables]
    tables = {id(v) for v in ranker.tables}
    squares = [np.full(v.shape, 0.1) for v in variables]
    first, second = ([np.zeros(v.shape) for v in variables] for _ in range(2))
    for step in (1, 2):
        rows = batch(ROWS, ranker.layout, task_graph(2), seed=step)
        # Items are there several times, so that the table's gradient has rows to add up.
        gradients = dense(step_gradients(ranker, rows))
        ranker.train_step(tensors(rows))
        for i, (variable, gradient) in enumerate(zip(variables, gradients, strict=True)):
            if id(variable) in tables:
                squares[i] += gradient**2
                wanted[i] -= 0.5 * gradient / np.sqrt(squares[i] + 1e-7)
            else:
                first[i] += 0.1 * (gradient - first[i])
                second[i] += 0.001 * (gradient**2 - second[i])
                # Keras's epsilon stands next to the uncorrected root.
                rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                wanted[i] -= rate * first[i] / (np.sqrt(second[i]) + 1e-7)
    assert {v.name.split("/")[-1] for v in ranker.tables} >= {"embeddings:0", "weights:0"}
    for variable, value in zip(variables, wanted, strict=True):
        np.testing.assert_allclose(variable.numpy(), value, atol=2e-5, err_msg=variable.name)


class TowersTwice(SharedBottom):
    """Its towers are in two groups."""

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        towers = self._towers.trainable_variables
        return [ParameterGroup(tables, 0.1), *(ParameterGroup(towers, x) for x in (0.1, 0.2))]


def test_a_variable_in_two_groups_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"'.*towers.*' is in the parameter groups twice"):
        toy_ranker(monkeypatch, TowersTwice)


class HeldOut(SharedBottom):
    """Towers learn from a part of the rows, the bottom and all else from the others."""

    holdout_share = 0.4

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        towers, bottom = (x.trainable_variables for x in (self._towers, self._bottom))
        return [ParameterGroup(towers, 0.5, rows="holdout"), ParameterGroup(bottom, 0.2)]

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        joint = both(predictions["click"], predictions["action_given_click"])
        return {"joint": weights["click"] * joint**2}


class AllRows(HeldOut):
    """The same without rows that are held out."""

    holdout_share = 0.0


def test_a_group_learns_from_the_rows_that_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ranker = toy_ranker(monkeypatch, HeldOut, {"kernel_l2": 0.1})
    plain = toy_ranker(monkeypatch, AllRows, {"kernel_l2": 0.1})
    rows = batch(ROWS, ranker.layout, task_graph(2))
    picked = picked_rows(ranker.indices(tensors(rows)), 0.4).numpy()
    assert 5 < picked.sum() < ROWS - 5

    def of_rows(model: Ranker, factor: np.ndarray | float) -> list[np.ndarray]:
        changed = {k: v * factor if k.startswith("weight__") else v for k, v in rows.items()}
        assert any(k.startswith("weight__") for k in rows)
        changed = {k: v.astype(rows[k].dtype) for k, v in changed.items()}
        return dense(step_gradients(model, changed))

    found = dense(step_gradients(ranker, rows))
    held, others = of_rows(plain, picked), of_rows(plain, ~picked)
    rates = []
    for i, variable in enumerate(ranker.trainable_variables):
        towers = "towers" in variable.name
        np.testing.assert_allclose(found[i], (held if towers else others)[i], atol=1e-6)
        assert np.any(held[i] != others[i]), variable.name
        rates.append(0.5 if towers else 0.2 if "bottom" in variable.name else 0.1)
    assert set(rates) == {0.5, 0.2, 0.1}
    before = [v.numpy() for v in ranker.trainable_variables]
    reported = ranker.train_step(tensors(rows))
    # What is reported is of all rows.
    np.testing.assert_allclose(reported["loss"], plain.test_step(tensors(rows))["loss"], rtol=1e-6)
    for v, old, rate, gradient in zip(
        ranker.trainable_variables, before, rates, found, strict=True
    ):
        np.testing.assert_allclose(v.numpy(), old - rate * gradient, atol=1e-6, err_msg=v.name)


def test_without_rows_held_out_all_rows_train_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = toy_ranker(monkeypatch, AllRows)
    rows = batch(ROWS, groups.layout, task_graph(2))

    class NoGroups(AllRows):
        """All variables in one group."""

        def parameter_groups(
            self, training: TrainingConfig, tables: Sequence[tf.Variable]
        ) -> Sequence[ParameterGroup]:
            return ()

    wanted = dense(step_gradients(toy_ranker(monkeypatch, NoGroups), rows))
    for ours, theirs in zip(dense(step_gradients(groups, rows)), wanted, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class RuledBottom(SharedBottom):
    """A rule on the bottom's kernels, and towers that learn from rows that are held out."""

    holdout_share = 0.4

    def gradient_rule(self, outputs: Sequence[str]) -> GradientRule:
        return FirstPart(outputs, lambda: self._bottom.kernels)

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        return [ParameterGroup(self._towers.trainable_variables, 0.1, rows="holdout")]


class FirstPart(GradientRule):
    """Leaves the gradient of the first part alone."""

    def step(self, losses: tf.Tensor, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        return [gradient[0] for gradient in gradients]


def test_a_rule_reads_the_rows_that_train_what_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    ranker = toy_ranker(monkeypatch, RuledBottom)
    rows = batch(ROWS, ranker.layout, task_graph(2))
    train = tf.constant(~picked_rows(ranker.indices(tensors(rows)), 0.4).numpy())
    (kernel,) = ranker.gradient_rule.shared
    count = tf.constant(float(ROWS))
    with tf.GradientTape() as tape:
        terms = ranker.loss_terms(tensors(rows), True, count)
        click = tf.reduce_sum(tf.where(train, terms.supervised["click"], 0.0)) / count
    wanted = kernel.numpy() - 0.1 * tape.gradient(click, kernel).numpy()
    ranker.train_step(tensors(rows))
    np.testing.assert_allclose(kernel.numpy(), wanted, atol=1e-6)
