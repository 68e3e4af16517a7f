"""Totals of labels that need no parent, in every architecture."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import make_ranker, randomise, tensors
from unclicked_log import LAYOUT, TASKS, made_log

from models import registry
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import target_key, weight_key
from models.initial_biases import starting_rates
from models.metrics.binary import weighted_auc
from models.ranker import Ranker
from schemas.task_graph import TaskGraph

WAY = "pay_without_click"
GIVEN = TaskGraph(
    tuple(dataclasses.replace(x, constrained=x.parent is not None, paths=()) for x in TASKS.labels)
)
# Those whose towers are a label's, whatever it follows; the two of the entire space have others
# for a label with `after`.
OTHERS = [name for name in registry.names() if name not in ("aem2tl", "esm2")]


def made(name: str, **options: Any) -> Ranker:
    tasks = options.pop("tasks", TASKS)
    training = options.pop("training", {})
    model = {"name": name, "embedding_dim": 4, **options}
    return make_ranker(model, inputs=LAYOUT, tasks=tasks, **training)


def batch(rows: int = 200, seed: int = 3) -> dict[str, np.ndarray]:
    log = made_log(rows, seed)
    return {name: log.column(name) for name in (*log.integer_names, *log.float_names)}


def values(tensors: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def ways(ranker: Ranker, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every output's probability, and that without a click."""
    data = tensors(rows)
    way = tf.sigmoid(ranker.predictions(ranker.features(data))[WAY])
    return values({**ranker(data), WAY: way})


@pytest.mark.parametrize(
    "model",
    [
        *({"name": name} for name in registry.names()),
        {"name": "aem2tl", "unclicked": "none"},
        {"name": "aem2tl", "entire_space": False},
        {"name": "csii", "loss_space": "entire"},
    ],
    ids=lambda model: "-".join(map(str, model.values())),
)
def test_the_total_is_above_the_joint(model: dict[str, Any]) -> None:
    ranker = made(**model)
    # Where a click is certain in float32, nothing is left without it.
    randomise(ranker, scale=0.1)
    found = values(ranker(tensors(batch())))
    assert list(found) == [output.name for output in TASKS.outputs]
    unclicked = found["pay"] - found["click_and_pay"]
    assert np.all(unclicked > 0)
    assert unclicked.max() > 0.05
    assert np.all(unclicked <= 1 - found["click"] + 1e-6)
    losses = ranker.train_step(tensors(batch()))
    assert np.all(np.isfinite([loss.numpy() for loss in losses.values()]))


def test_the_branch_of_other_architectures_is_composed_by_hand() -> None:
    ranker = made("mmoe")
    randomise(ranker)
    found = ways(ranker, batch())
    assert list(found) == [*(output.name for output in TASKS.outputs), WAY]
    wanted = found["click_and_pay"] + (1 - found["click"]) * found[WAY]
    np.testing.assert_allclose(found["pay"], wanted, rtol=1e-6)


def test_the_branch_has_the_loss_of_the_rows_without_a_click() -> None:
    ranker = made("shared_bottom")
    randomise(ranker)
    rows = batch()
    weights = np.random.default_rng(0).uniform(0.5, 2, 200).astype(np.float32)
    for name in rows:
        if name.startswith("weight__"):
            rows[name] *= weights
    p = ways(ranker, rows)[WAY].astype(np.float64)
    losses = values(ranker.test_step(tensors(rows)))
    y, outside = rows[target_key("pay")], rows[target_key("click")] == 0
    assert 0 < y[outside].sum() < y.sum()
    entropy = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert losses[f"{WAY}_loss"] == pytest.approx((weights * entropy)[outside].sum() / 200, 1e-5)
    parts = sum(loss for name, loss in losses.items() if name != "loss")
    assert losses["loss"] == pytest.approx(parts, rel=1e-5)


@pytest.mark.parametrize("clicked", [True, False])
def test_rows_with_a_click_teach_the_branch_nothing(clicked: bool) -> None:
    ranker = made("shared_bottom")
    randomise(ranker)
    rows = batch(400)
    chosen = (rows[target_key("click")] > 0) == clicked
    data = tensors({name: column[chosen] for name, column in rows.items()})
    gradients = ranker.training_step.gradients(data, tf.constant(400.0)).gradients
    own = {id(variable) for variable in ranker.unclicked_towers.trainable_variables}
    assert own
    for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
        if id(variable) in own:
            assert np.any(tf.convert_to_tensor(gradient).numpy() != 0) != clicked, variable.name


@pytest.mark.parametrize("name", OTHERS)
def test_all_other_outputs_learn_as_they_do_without_the_branch(name: str) -> None:
    """Bit for bit: the same start, and the same after two steps."""
    # Of AESM2 each would have noise of its own.
    options = {"noise_scale": 0.0} if name == "aesm2" else {}
    with_branch, without = made(name, **options), made(name, tasks=GIVEN, **options)
    assert not hasattr(without, "unclicked_towers")
    rows = tensors(batch())
    for _ in range(2):
        found, wanted = values(with_branch(rows)), values(without(rows))
        for output in wanted:
            np.testing.assert_array_equal(found[output], wanted[output], err_msg=output)
        with_branch.train_step(rows)
        without.train_step(rows)


@pytest.fixture(scope="module")
def judged() -> InMemorySplit:
    return made_log(30_000, seed=99)


def calibration(rows: InMemorySplit, scores: dict[str, np.ndarray], output: str) -> float:
    weight = rows.column(weight_key(output))
    return float((scores[output] * weight).sum() / (rows.column(target_key(output)) * weight).sum())


def unclicked(scores: dict[str, np.ndarray]) -> np.ndarray:
    """P(pay | no click), whichever way an architecture makes the total with it."""
    return (scores["pay"] - scores["click_and_pay"]) / (1 - scores["click"])


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "model",
    [
        {"name": "shared_bottom", "bottom_units": (16,), "tower_units": ()},
        {"name": "mmoe", "experts": 2, "expert_units": (8,), "tower_units": ()},
        {"name": "esmm", "tower_units": (16,)},
        {"name": "aem2tl", "expert_units": (16, 8), "task_expert_units": (8,), "tower_units": ()},
    ],
    ids=lambda model: model["name"],
)
def test_joint_and_total_are_calibrated_each_on_its_own_target(
    model: dict[str, Any], seed: int, judged: InMemorySplit
) -> None:
    """Half of the purchases come without a click: one number can't be right for both."""
    train = made_log(20_000, seed)
    assert (
        train.column(target_key("pay")).sum()
        > 1.7 * train.column(target_key("click_and_pay")).sum()
    )
    rates = starting_rates(TASKS, train.base_rate)
    ranker = make_ranker(
        {"embedding_dim": 4, **model},
        inputs=LAYOUT,
        tasks=TASKS,
        base_rates=rates,
        seed=seed,
        learning_rate=0.003,
    )
    start = unclicked(values(ranker(tensors(batch()))))
    assert start.mean() == pytest.approx(rates[WAY], rel=0.4)
    step = tf.function(ranker.train_step)
    for epoch in range(3):
        for data in train.epoch(500, seed, epoch):
            step(data)
    (data,) = judged.in_order(len(judged))
    scores = values(ranker(data))
    found = {name: calibration(judged, scores, name) for name in ("click_and_pay", "pay")}
    assert all(0.85 < value < 1.18 for value in found.values()), found
    # The branch has learned what only rows without a click say.
    outside = judged.column(target_key("click")) == 0
    auc = weighted_auc(
        judged.column(target_key("pay"))[outside],
        unclicked(scores)[outside],
        np.ones(outside.sum()),
    )
    assert auc > 0.65
