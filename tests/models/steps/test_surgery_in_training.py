"""Steps of models whose shared kernels have a gradient rule."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors

from common.settings import SettingsError
from models.features.inputs import SCENARIO_KEY
from models.ranker import Ranker
from models.registry import parse_model_config

ROWS, RATE, L2 = 40, 0.1, 0.05
MODELS = {
    "shared_bottom": {"bottom_units": (6, 5), "tower_units": ()},
    "mmoe": {"experts": 2, "expert_units": (6, 5), "tower_units": ()},
}
SHARED = {"shared_bottom": "bottom/dense", "mmoe": "experts/dense"}
WEIGHTS = {"click": 2.0, "action_given_click": 0.5}


def made(name: str, rule: str, parts: str = "output", **training: Any) -> Ranker:
    options = {"gradient_rule": rule, "gradient_parts": parts, "embedding_dim": 4, "kernel_l2": L2}
    ranker = make_ranker(
        {"name": name, **MODELS[name], **options},
        **{"optimizer": "sgd", "learning_rate": RATE, "loss_weights": WEIGHTS, **training},
    )
    randomise(ranker)
    return ranker


def rows_of(ranker: Ranker) -> dict[str, np.ndarray]:
    return batch(ROWS, ranker.layout, task_graph(2))


def kernels(ranker: Ranker) -> list[tf.Variable]:
    prefix = SHARED[ranker.model_config.name]
    return [v for v in ranker.trainable_variables if prefix in v.name and "kernel" in v.name]


def gradients_of(ranker: Ranker, rows: dict[str, np.ndarray], outputs: list[str]) -> np.ndarray:
    """Of these rows' losses on these outputs, over all rows, in the kernels side by side."""
    found = kernels(ranker)
    count = tf.constant(float(ROWS))
    with tf.GradientTape() as tape:
        losses = ranker.loss_shares(tensors(rows), True, count)
        total = tf.add_n([WEIGHTS[x] * losses[f"{x}_loss"] for x in outputs])
    return np.concatenate([x.numpy().ravel() for x in tape.gradient(total, found)])


def by_part(ranker: Ranker, parts: str) -> np.ndarray:
    rows = rows_of(ranker)
    if parts == "output":
        return np.stack([gradients_of(ranker, rows, [x]) for x in WEIGHTS])
    own = [taken(rows, rows[SCENARIO_KEY] == k) for k in range(3)]
    return np.stack([gradients_of(ranker, x, [*WEIGHTS]) for x in own])


def combined(gradients: np.ndarray, rule: str) -> np.ndarray:
    if rule == "pcgrad":
        first, second = gradients  # Of two parts all orders are one.
        product = min(first @ second, 0)
        return first + second - product * (second / (second @ second) + first / (first @ first))
    total = np.zeros_like(gradients[0])
    basis: list[np.ndarray] = []
    for gradient in gradients:
        own = gradient - sum((gradient @ b / (b @ b) * b for b in basis), np.zeros_like(gradient))
        basis.append(own)
        total += own
    return total


@pytest.mark.parametrize(
    ("name", "rule", "parts"),
    [("shared_bottom", "pcgrad", "output"), ("mmoe", "gram_schmidt", "scenario")],
)
def test_shared_kernels_take_the_rules_step_and_all_else_its_own(
    name: str, rule: str, parts: str
) -> None:
    ranker, plain = made(name, rule, parts), made(name, "none")
    before = np.concatenate([v.numpy().ravel() for v in kernels(ranker)])
    gradients = by_part(ranker, parts)
    # Else the rule had nothing to do.
    if rule == "pcgrad":
        assert gradients[0] @ gradients[1] < 0
    rows = tensors(rows_of(ranker))
    reported = [model.train_step(rows) for model in (ranker, plain)]
    for key, value in reported[1].items():
        np.testing.assert_array_equal(reported[0][key], value)
    # The penalty is in no part.
    wanted = before - RATE * (combined(gradients, rule) + 2 * L2 * before)
    found = np.concatenate([v.numpy().ravel() for v in kernels(ranker)])
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    shared = {v.name for v in kernels(ranker)}
    for ours, theirs in zip(ranker.trainable_variables, plain.trainable_variables, strict=True):
        same = np.allclose(ours.numpy(), theirs.numpy(), atol=1e-6)
        assert same == (ours.name not in shared), ours.name


def test_gradnorm_reads_the_last_shared_kernel() -> None:
    ranker = made("mmoe", "gradnorm")
    last = kernels(ranker)[-1]
    assert [v.name for v in ranker.gradient_rule.shared] == [last.name]
    # Without the training's own loss weights.
    size = int(tf.size(last))
    norms = np.linalg.norm(by_part(ranker, "output")[:, -size:], axis=1) / [*WEIGHTS.values()]
    ranker.train_step(tensors(rows_of(ranker)))
    moved = 1 - 0.01 * norms * np.sign(norms - norms.mean()) / norms.mean()
    weights = ranker.gradient_rule.epoch_logs()["task_weights"]
    assert [*weights] == [*WEIGHTS]
    np.testing.assert_allclose([*weights.values()], 2 * moved / moved.sum(), rtol=1e-5)


def test_half_precision_steps_alike_and_overflow_steps_nowhere() -> None:
    full, half = (
        made("shared_bottom", "gram_schmidt", "scenario", precision=precision)
        for precision in ("float32", "mixed_float16")
    )
    before = [v.numpy() for v in half.trainable_variables]
    starts = [v.numpy() for v in kernels(half)]
    rows = tensors(rows_of(full))
    scale = half.optimizer._loss_scale.current_loss_scale
    usual = scale.numpy()
    scale.assign(2.0**60)
    half.train_step(rows)
    for value, variable in zip(before, half.trainable_variables, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())
    scale.assign(usual)
    for ranker in (full, half):
        ranker.train_step(rows)
    for ours, theirs, start in zip(kernels(half), kernels(full), starts, strict=True):
        moved = theirs.numpy() - start
        error = np.linalg.norm(ours.numpy() - theirs.numpy())
        # float16 has eleven bits.
        assert error < 0.02 * np.linalg.norm(moved)


@pytest.mark.e2e
def test_xla_steps_alike() -> None:
    plain, compiled = (made("mmoe", "pcgrad", "scenario", xla=xla) for xla in (False, True))
    for ranker in (plain, compiled):
        step = tf.function(ranker.train_step)
        for _ in range(3):
            step(tensors(rows_of(ranker)))
    for ours, theirs in zip(compiled.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-5, err_msg=ours.name)


def test_a_training_goes_on_with_the_orders_of_its_steps() -> None:
    once, again = (made("shared_bottom", "pcgrad", "scenario") for _ in range(2))
    rows = tensors(rows_of(once))
    once.train_step(rows)
    again.set_weights(once.get_weights())
    for ranker in (once, again):
        ranker.train_step(rows)
        assert ranker.gradient_rule.steps.numpy() == 2
    for ours, theirs in zip(again.weights, once.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"gradient_rule": "pcgrd"}, "gradient_rule"),
        (
            {"gradient_rule": "gradnorm", "gradient_parts": "scenario"},
            "weighs the losses of outputs.*write gradient_parts: output",
        ),
        ({"gradient_rule": "pcgrad", "bottom_units": []}, "'pcgrad' and bottom_units is empty"),
    ],
)
def test_a_rule_that_can_do_nothing_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_model_config({"name": "shared_bottom", **values})
