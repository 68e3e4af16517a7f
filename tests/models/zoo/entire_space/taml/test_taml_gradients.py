"""Which losses train which parts of TAML."""

import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, step_gradients, taken, task_graph, tensors
from made_taml import ROWS, SIZES, gradients_of, made

from models.features.inputs import target_key
from models.ranker import Ranker

# The stack of experts: 2 shared, 1 of each task, 2 of each learner, task by task.
SHARED, CLICK, ACTION = [0, 1], [2], [3]
OF_LEARNER = {(t, k): [4 + 4 * t + 2 * k, 5 + 4 * t + 2 * k] for t in range(2) for k in range(2)}
KERNEL, TOWER = "levels/experts/dense_1/kernel", "towers/last/bias"


def reached(gradient: np.ndarray) -> list[int]:
    return [i for i, part in enumerate(gradient) if np.any(part != 0)]


def test_a_learners_loss_trains_what_it_sees_alone() -> None:
    ranker, rows = made(loss_space="conditional")
    for t, (output, task) in enumerate((("click", CLICK), ("action_given_click", ACTION))):
        for k in range(2):
            found = gradients_of(ranker, rows, f"{output}@learner_{k + 1}")
            assert reached(found[KERNEL]) == [*SHARED, *task, *OF_LEARNER[t, k]]
            assert reached(found[TOWER]) == [2 * t + k]
            gates = found["gates/kernel"].reshape(4, -1)
            assert reached(gates) == [2 * t + k]


def test_the_fused_loss_trains_every_learner_of_its_task() -> None:
    ranker, rows = made(fusion="gated")
    found = gradients_of(ranker, rows, "click")
    own = [*OF_LEARNER[0, 0], *OF_LEARNER[0, 1]]
    assert reached(found[KERNEL]) == [*SHARED, *CLICK, *own]
    assert reached(found[TOWER]) == [0, 1]
    assert reached(found["fusion/kernel"]) == [0]
    # The joint's loss is on both labels.
    assert reached(gradients_of(ranker, rows, "click_and_action")[TOWER]) == [0, 1, 2, 3]


def test_distillation_trains_learners_and_not_the_teacher() -> None:
    ranker, rows = made(fusion="gated", distillation=0.3)
    found = gradients_of(ranker, rows, "action_given_click@distillation")
    assert reached(found[TOWER]) == [2, 3]
    # A gated fusion is read by the teacher alone.
    assert not np.any(found["fusion/kernel"]) and not np.any(found["fusion/bias"])
    features = ranker.features(tensors(rows))
    predictions = ranker.predictions(features)
    q = tf.sigmoid(predictions["action_given_click"]).numpy()
    weights = rows["weight__click"]
    for k in range(2):
        p = tf.sigmoid(predictions[f"action_given_click@learner_{k + 1}"]).numpy()
        slope = 0.3 / 2 * (weights * (p - q)).sum()
        np.testing.assert_allclose(found[TOWER][2 + k].item(), slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("space", ["impression", "click"])
def test_rows_without_a_click_teach_the_action_on_impressions_only(space: str) -> None:
    ranker, rows = made(distill_space=space)
    unclicked = taken(rows, rows[target_key("click")] == 0)
    found = gradients_of(ranker, unclicked, "action_given_click@distillation")
    assert np.any(found[TOWER] != 0) == (space == "impression")
    assert np.any(gradients_of(ranker, unclicked, "click@distillation")[TOWER] != 0)


@pytest.mark.parametrize(
    ("option", "losses"),
    [
        (
            "learner_weight",
            [f"{o}@learner_{k}" for o in ("click", "click_and_action") for k in (1, 2)],
        ),
        ("distillation", ["click@distillation", "action_given_click@distillation"]),
    ],
)
def test_a_loss_left_out_takes_its_gradient_along(option: str, losses: list[str]) -> None:
    ranker, rows = made(**{option: 0.8})
    without, _ = made(**{option: 0.0})
    names = [v.name for v in ranker.trainable_variables]
    (place,) = [i for i, name in enumerate(names) if name.endswith(f"{TOWER}:0")]
    full, rest = (step_gradients(r, rows)[place].numpy() for r in (ranker, without))
    own = sum(gradients_of(ranker, rows, name)[TOWER] for name in losses) / ROWS
    if option == "learner_weight":
        own = own * 0.8 / 2
    assert np.all(own != 0)
    np.testing.assert_allclose(full - rest, own, rtol=1e-3, atol=1e-7)


def trained_spread(ranker: Ranker, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """How far the learners differ before and after a training on random labels.

    All rows have the same ids, so that no learner can learn the labels by heart.
    """
    rows = batch(200, ranker.layout, task_graph(2))
    rows |= {field.key: np.zeros(200, np.int64) for field in ranker.layout.fields}
    data, step = tensors(rows), tf.function(ranker.train_step)
    before = ranker.explain(data)["learner_spread"].values
    losses = [float(step(data)["loss"]) for _ in range(steps)]
    assert losses[-1] < losses[0]
    return before, ranker.explain(data)["learner_spread"].values


FREE = {**SIZES, "distillation": 1.0, "wide": False}


def test_learners_that_start_apart_stay_apart() -> None:
    """They are taught by their own mean all the time, and do not become one."""
    ranker = make_ranker(FREE, tasks=task_graph(2), learning_rate=0.01)
    before, after = trained_spread(ranker, 60)
    assert before.shape == (2,) and np.all(before > 0)
    assert np.all(after > 0.1 * before)


def test_learners_that_start_alike_and_have_no_experts_stay_alike() -> None:
    model = {**FREE, "learner_experts": 0}
    ranker = make_ranker(model, tasks=task_graph(2), learning_rate=0.01)
    for variable in ranker.trainable_variables:
        if "taml/gates" in variable.name or "taml/towers" in variable.name:
            # [T, N, ...] or [T N, ...]: the first learner of every task.
            values = variable.numpy()
            own = values.reshape(2, 2, -1)[:, [0, 0]]
            variable.assign(own.reshape(values.shape))
    before, after = trained_spread(ranker, 10)
    assert np.all(before < 1e-6) and np.all(after < 1e-6)
