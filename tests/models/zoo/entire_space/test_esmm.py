import numpy as np
import pytest
import tensorflow as tf
from made_batches import batch, make_ranker, randomise, taken, task_graph, tensors, weight

from models.features.inputs import SCENARIO_KEY, target_key
from schemas.task_graph import Label, sorted_by_parents


@pytest.mark.parametrize("towers", ["task", "scenario_task"])
def test_probabilities_are_the_formula(towers: str) -> None:
    ranker = make_ranker({"name": "esmm", "tower_units": (5,), "towers": towers})
    randomise(ranker)
    rows = batch(20, ranker.layout, task_graph(2))
    features = ranker.features(tensors(rows))
    flat = np.concatenate([features.fields.numpy().reshape(20, -1), features.numeric], 1)
    names = ("hidden/dense_0/kernel", "hidden/dense_0/bias", "last/kernel", "last/bias")
    kernel, bias, last, last_bias = (weight(ranker, f"towers/{x}").numpy() for x in names)
    outputs = {name: values.numpy() for name, values in ranker(tensors(rows)).items()}
    for row, k in enumerate(rows[SCENARIO_KEY]):
        wanted = []
        for c in range(2):
            at = (k, c) if towers == "scenario_task" else (c,)
            z = np.maximum(flat[row] @ kernel[at] + bias[at][0], 0)
            logit = z @ last[at][:, 0] + last_bias[at][0, 0] + features.offset[row, c].numpy()
            wanted.append(1 / (1 + np.exp(-logit)))
        found = [outputs[x][row] for x in ("click", "action_given_click", "click_and_action")]
        np.testing.assert_allclose(found, [*wanted, wanted[0] * wanted[1]], atol=2e-6)


def test_losses_are_on_click_and_on_the_product() -> None:
    ranker = make_ranker({"name": "esmm"}, tasks=task_graph(3))
    assert ranker.supervised_outputs == (
        "click",
        "click_and_action",
        "click_and_action_and_conversion",
    )
    assert make_ranker({"name": "esmm"}, tasks=task_graph(1)).supervised_outputs == ("click",)


def test_a_label_after_click_has_its_loss_together_with_the_click() -> None:
    tasks = sorted_by_parents(
        [Label("click", "is_click"), Label("conversion", "converted", "click", False, ("click",))]
    )
    ranker = make_ranker({"name": "esmm"}, tasks=tasks)
    assert ranker.supervised_outputs == ("click", "click_and_conversion")


def test_rows_without_a_click_train_the_conversion_tower() -> None:
    """The point of the entire space; a loss on clicked rows would leave it alone."""
    ranker = make_ranker({"name": "esmm", "tower_units": (5,)})
    rows = batch(60, ranker.layout, task_graph(2))
    rows = taken(rows, rows[target_key("click")] == 0)
    found = ranker.training_step.gradients(tensors(rows), tf.constant(30.0))
    losses, gradients = found.losses, found.gradients
    assert set(losses) >= {"click_loss", "click_and_action_loss"}
    assert "action_given_click_loss" not in losses
    for variable, gradient in zip(ranker.trainable_variables, gradients, strict=True):
        if "towers/last/bias" in variable.name:
            assert gradient.numpy()[1] > 0
