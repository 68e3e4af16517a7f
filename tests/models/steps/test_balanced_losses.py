"""How the ranker steps the weights of an architecture's losses."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, task_graph, tensors

from models.ranker import Ranker

MODEL = {
    "name": "aem2tl",
    "embedding_dim": 4,
    "expert_units": (6,),
    "task_expert_units": (5,),
    "tower_units": (),
}
OUTPUTS = ("click", "click_and_action")


def made(**options: object) -> Ranker:
    training = {key: options.pop(key) for key in ("precision", "xla") if key in options}
    weights = options.pop("loss_weights", {})
    return make_ranker(
        {**MODEL, **options}, optimizer="sgd", learning_rate=0.1, loss_weights=weights, **training
    )


def rows_of(ranker: Ranker) -> dict[str, tf.Tensor]:
    return tensors(batch(40, ranker.layout, task_graph(2)))


def task_weights(ranker: Ranker) -> np.ndarray:
    weights = ranker.gradient_rule.epoch_logs()["task_weights"]
    assert tuple(weights) == OUTPUTS
    return np.array([*weights.values()])


def test_a_step_weighs_by_the_norms_of_every_outputs_gradient() -> None:
    ranker = made(gradnorm_rate=0.05, gradnorm_alpha=1.0)
    rows = rows_of(ranker)
    (kernel,) = [v for v in ranker.trainable_variables if "shared/shared/dense_0/kernel" in v.name]
    norms = []
    for output in OUTPUTS:
        with tf.GradientTape() as tape:
            loss = ranker.loss_terms(rows, True, tf.constant(40.0)).of_output(
                output, tf.constant(40.0), weighted=False
            )
        norms.append(np.linalg.norm(tape.gradient(loss, kernel).numpy()))
    ranker.train_step(rows)
    # In the first step every loss is at its start, so that all targets are the mean norm.
    moved = 1 - 0.05 * np.array(norms) * np.sign(norms - np.mean(norms)) / np.mean(norms)
    np.testing.assert_allclose(task_weights(ranker), 2 * moved / moved.sum(), rtol=1e-5)


def test_weights_multiply_the_losses_with_those_of_the_training() -> None:
    ranker = made(loss_weights={"click": 3.0})
    ranker.gradient_rule.task_weights.assign([0.5, 1.5])
    losses = ranker.test_step(rows_of(ranker))
    wanted = 3 * 0.5 * losses["click_loss"] + 1.5 * losses["click_and_action_loss"]
    np.testing.assert_allclose(losses["loss"], wanted, rtol=1e-6)


def test_the_step_of_the_weights_leaves_the_network_alone() -> None:
    networks, weights = [], []
    for rate in (0.0, 0.2):
        ranker = made(gradnorm_rate=rate)
        ranker.train_step(rows_of(ranker))
        networks.append([v.numpy() for v in ranker.trainable_variables])
        weights.append(task_weights(ranker))
    for still, moved in zip(*networks, strict=True):
        np.testing.assert_array_equal(still, moved)
    np.testing.assert_array_equal(weights[0], [1, 1])
    assert np.all(weights[1] != 1)


def test_without_adaptive_weights_nothing_is_balanced() -> None:
    ranker = made(adaptive_weights=False)
    assert ranker.gradient_rule is None
    found = ranker.training_step.gradients(rows_of(ranker), tf.constant(40.0))
    losses = found.losses
    assert found.part_gradients == []
    np.testing.assert_allclose(
        losses["loss"], losses["click_loss"] + losses["click_and_action_loss"], rtol=1e-6
    )
    assert not [v for v in ranker.weights if "gradnorm" in v.name]


def test_weights_are_saved_with_the_model() -> None:
    ranker, again = made(), made()
    for _ in range(2):
        ranker.train_step(rows_of(ranker))
    again.set_weights(ranker.get_weights())
    np.testing.assert_array_equal(task_weights(again), task_weights(ranker))
    assert np.all(again.gradient_rule.initial_losses.numpy() > 0)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_weighs_alike(precision: str) -> None:
    full, half = made(gradnorm_rate=0.1), made(gradnorm_rate=0.1, precision=precision)
    for _ in range(3):
        for ranker in (full, half):
            losses = ranker.train_step(rows_of(ranker))
            assert np.all(np.isfinite([x.numpy() for x in losses.values()]))
    assert all(np.all(np.isfinite(v.numpy())) for v in half.weights)
    np.testing.assert_allclose(task_weights(half), task_weights(full), atol=0.02)


def test_overflow_under_the_loss_scale_leaves_the_weights() -> None:
    ranker = made(precision="mixed_float16", gradnorm_rate=0.1)
    before = task_weights(ranker)
    ranker.optimizer._loss_scale.current_loss_scale.assign(2.0**60)
    ranker.train_step(rows_of(ranker))
    np.testing.assert_array_equal(task_weights(ranker), before)
    assert all(np.all(np.isfinite(v.numpy())) for v in ranker.weights)


@pytest.mark.e2e
def test_xla_weighs_alike() -> None:
    plain, compiled = made(gradnorm_rate=0.1), made(gradnorm_rate=0.1, xla=True)
    for ranker in (plain, compiled):
        step = tf.function(ranker.train_step)
        for _ in range(2):
            step(rows_of(ranker))
    np.testing.assert_allclose(task_weights(compiled), task_weights(plain), rtol=1e-5)
