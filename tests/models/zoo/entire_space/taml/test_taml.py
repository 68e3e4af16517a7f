"""Scores and losses of TAML against its formula."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from made_batches import task_graph, tensors
from made_taml import (
    LEARNERS,
    ROWS,
    fused_probabilities,
    learner_probabilities,
    made,
    sigmoid,
)

from models.features.inputs import target_key, weight_key
from models.zoo.entire_space.taml.distillation import fused, taught

OPTIONS: list[dict[str, Any]] = [
    {},
    {"fusion": "gated", "towers": "scenario_task"},
    {"learners": 3, "task_experts": 0, "distill_space": "click", "loss_space": "conditional"},
]


def cross_entropy(target: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -target * np.log(p) - (1 - target) * np.log(1 - p)


@pytest.mark.parametrize("options", OPTIONS, ids=["default", "gated", "conditional"])
def test_scores_and_losses_are_the_formula(options: dict[str, Any]) -> None:
    ranker, rows = made(learner_weight=0.7, distillation=0.3, **options)
    data, config = tensors(rows), ranker.model_config
    p = learner_probabilities(ranker, rows)
    q = fused_probabilities(ranker, rows, p)
    found = {name: x.numpy() for name, x in ranker(data).items()}
    wanted = {
        "click": q[:, 0],
        "action_given_click": q[:, 1],
        "click_and_action": q[:, 0] * q[:, 1],
    }
    assert list(found) == list(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6, atol=1e-6)
    assert np.abs(p[:, :, 0] - p[:, :, 1]).max() > 1e-3

    second = "click_and_action" if config.loss_space == "entire" else "action_given_click"
    losses = {name: float(x) for name, x in ranker.test_step(data).items()}
    total = losses["penalty"]
    for output in ("click", second):
        y, w = rows[target_key(output)], rows[weight_key(output)]
        loss = (w * cross_entropy(y, wanted[output])).sum() / ROWS
        assert losses[f"{output}_loss"] == pytest.approx(loss, rel=1e-5)
        total += loss
        for k in range(config.learners):
            own = p[:, 0, k] if output == "click" else p[:, 1, k]
            own = p[:, 0, k] * own if output == "click_and_action" else own
            loss = (w * cross_entropy(y, own)).sum() / ROWS
            assert losses[f"{output}@learner_{k + 1}_loss"] == pytest.approx(loss, rel=1e-5)
            total += 0.7 / config.learners * loss
    for t, name in enumerate(("click", "action_given_click")):
        w = rows[weight_key("click")]
        if name != "click" and config.distill_space == "click":
            w = w * rows[target_key("click")]
        soft = sum(cross_entropy(q[:, t], p[:, t, k]) for k in range(config.learners))
        loss = 0.3 / config.learners * (w * soft).sum() / ROWS
        assert losses[f"{name}@distillation_loss"] == pytest.approx(loss, rel=1e-5)
        total += loss
    assert losses["loss"] == pytest.approx(total, rel=1e-5)


def taught_by_hand(ranker: Any, rows: dict[str, np.ndarray]) -> np.ndarray:
    """The distillation of click and action in every row, before weights, [B, 2]."""
    p = learner_probabilities(ranker, rows)
    q = fused_probabilities(ranker, rows, p)
    config = ranker.model_config
    return config.distillation * cross_entropy(q[:, :, None], p).mean(2)


@pytest.mark.parametrize(
    ("space", "weights"),
    [
        ("entire", {"click": 0.0, "click_and_action": 3.0}),
        ("entire", {"click": 2.0, "click_and_action": 0.0}),
        ("conditional", {"click": 0.5, "action_given_click": 0.0}),
        ("conditional", {"click": 0.0, "action_given_click": 4.0}),
    ],
)
def test_what_is_taught_counts_as_the_loss_of_the_label(
    space: str, weights: dict[str, float]
) -> None:
    ranker, rows = made(loss_space=space, loss_weights=weights)
    losses = {name: float(x) for name, x in ranker.test_step(tensors(rows)).items()}
    total = losses["penalty"]
    soft = taught_by_hand(ranker, rows)
    pairs = zip(("click", "action_given_click"), weights.items(), strict=True)
    for place, (label, (output, factor)) in enumerate(pairs):
        name = f"{label}@distillation_loss"
        assert (name in losses) == (factor > 0)
        if factor:
            wanted = factor * (rows[weight_key("click")] * soft[:, place]).mean()
            assert losses[name] == pytest.approx(wanted, rel=1e-5)
        learners = [losses[f"{output}@{learner}_loss"] for learner in LEARNERS]
        total += losses.get(name, 0.0) + factor * (losses[f"{output}_loss"] + np.mean(learners))
    assert losses["loss"] == pytest.approx(total, rel=1e-5)


def test_rows_whose_action_is_unknown_are_taught_and_learn_nothing_else_of_it() -> None:
    ranker, rows = made()
    full = {name: float(x) for name, x in ranker.test_step(tensors(rows)).items()}
    unknown = np.arange(ROWS) % 3 == 0
    joint, given = weight_key("click_and_action"), weight_key("action_given_click")
    rows[joint], rows[given] = (np.where(unknown, 0, rows[x]) for x in (joint, given))
    losses = {name: float(x) for name, x in ranker.test_step(tensors(rows)).items()}
    # A row counts as much as its click does, which is known.
    wanted = (rows[weight_key("click")] * taught_by_hand(ranker, rows)[:, 1]).mean()
    assert losses["action_given_click@distillation_loss"] == pytest.approx(wanted, rel=1e-5)
    p = learner_probabilities(ranker, rows)
    for name, score in (
        ("click_and_action", p.mean(2).prod(1)),
        ("click_and_action@learner_1", p[:, :, 0].prod(1)),
    ):
        entropy = cross_entropy(rows[target_key("click_and_action")], score)
        wanted = (rows[joint] * entropy).mean()
        assert losses[f"{name}_loss"] == pytest.approx(wanted, rel=1e-5)
        assert losses[f"{name}_loss"] < 0.9 * full[f"{name}_loss"]
    same = ("click_loss", "click@learner_1_loss", "click@distillation_loss")
    assert [losses[x] for x in same] == [full[x] for x in same]


def test_rows_of_which_nothing_is_known_are_not_taught() -> None:
    ranker, rows = made()
    for output in ("click", "click_and_action", "action_given_click"):
        rows[weight_key(output)] = np.zeros(ROWS, np.float32)
    losses = {name: float(x) for name, x in ranker.test_step(tensors(rows)).items()}
    assert {x for name, x in losses.items() if name not in ("loss", "penalty")} == {0.0}


def test_one_learner_is_the_fused_score_without_further_losses() -> None:
    ranker, rows = made(learners=1, fusion="gated")
    p = learner_probabilities(ranker, rows)
    np.testing.assert_allclose(ranker(tensors(rows))["click"], p[:, 0, 0], rtol=1e-6, atol=1e-6)
    losses = {"loss", "penalty", "click_loss", "click_and_action_loss"}
    assert set(ranker.test_step(tensors(rows))) == losses
    assert not [v for v in ranker.weights if "fusion" in v.name]


def test_weights_of_zero_leave_the_losses_out() -> None:
    ranker, rows = made(learner_weight=0.0, distillation=0.0)
    losses = {"loss", "penalty", "click_loss", "click_and_action_loss"}
    assert set(ranker.test_step(tensors(rows))) == losses


def test_learners_of_a_chain_of_three_labels_are_multiplied_along_it() -> None:
    ranker, rows = made(labels=3)
    p = learner_probabilities(ranker, rows)
    found = ranker.predictions(ranker.features(tensors(rows)))
    for k, learner in enumerate(LEARNERS):
        for labels, name in enumerate(x.name for x in task_graph(3).outputs if not x.space):
            wanted = p[:, : labels + 1, k].prod(1)
            got = sigmoid(found[f"{name}@{learner}"].numpy())
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)
    joint = p.mean(2).prod(1)
    outputs = ranker(tensors(rows))
    np.testing.assert_allclose(
        outputs["click_and_action_and_conversion"], joint, rtol=1e-5, atol=1e-6
    )
    # The mean of products is another number.
    assert np.abs(p.prod(1).mean(1) - joint).max() > 1e-5


def test_the_fused_score_is_a_mean_of_probabilities_even_where_they_are_sure() -> None:
    z = tf.constant([[0.0, 30.0, -40.0], [2.0, -30.0, -41.0], [-1.0, 0.0, -42.0]])
    p = sigmoid(z.numpy().astype(np.float64))
    q = p.mean(0)
    np.testing.assert_allclose(fused(z), np.log(q) - np.log1p(-q), rtol=1e-5)
    v = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 0.0], [-1.0, 0.0, 2.0]])
    q = (np.exp(v) / np.exp(v).sum(0) * p).sum(0)
    found = fused(z, tf.constant(v, tf.float32))
    np.testing.assert_allclose(found, np.log(q) - np.log1p(-q), rtol=1e-5)
    same = fused(z, tf.fill([3, 3], 5.0))
    np.testing.assert_allclose(same, fused(z), rtol=1e-5)


def test_a_learner_is_taught_best_where_it_is_the_teacher() -> None:
    teacher = tf.constant([-45.0, -3.0, 0.0, 2.0, 45.0])
    learner = tf.Variable([-44.0, -3.0, 1.0, 2.0, 20.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(teacher)
        losses = taught(teacher, learner)
    q, p = (sigmoid(x.numpy().astype(np.float64)) for x in (teacher, learner))
    assert tape.gradient(losses, teacher) is None
    slope = tape.gradient(losses, learner).numpy()
    np.testing.assert_allclose(slope, p - q, rtol=1e-4, atol=1e-19)
    assert np.all(slope[[1, 3]] == 0)
    # At p = q a loss is the entropy of q; a sure teacher's learner still has a gradient.
    np.testing.assert_allclose(losses[2:3], [np.log(2) + 0.1201145], rtol=1e-6)
    np.testing.assert_allclose(losses[1], cross_entropy(q[1], q[1]), rtol=1e-5)
    assert slope[0] > 0 > slope[4]


def test_the_fused_log_loss_is_at_most_the_learners_mean() -> None:
    """Jensen: the logarithm of a mean of probabilities is at least the mean of logarithms."""
    ranker, rows = made(learners=3)
    losses = {name: float(x) for name, x in ranker.test_step(tensors(rows)).items()}
    learners = np.mean([losses[f"click@learner_{k}_loss"] for k in (1, 2, 3)])
    assert losses["click_loss"] < learners - 1e-5
