"""Which rows train which parts of AEM2TL."""

import numpy as np
import pytest
import tensorflow as tf
from made_aem2tl import gradients, made
from made_batches import FIVE_BRANCHES, taken, tensors, weight

from models.features.inputs import SCENARIO_KEY, target_key, weight_key


@pytest.mark.parametrize("gate_input", ["task", "input"])
def test_personal_gates_train_the_priors_and_not_the_network(gate_input: str) -> None:
    ranker, rows = made(gate_input=gate_input)
    data = tensors(rows)
    with tf.GradientTape() as tape:
        features = ranker.features(data)
        read = ranker.architecture._levels(features)[2]
        towers = ranker.architecture._towers
        loss = tf.add_n([tf.reduce_sum(x) for x in towers.gates(read, features.scenario)])
    found = tape.gradient(loss, ranker.trainable_variables)
    trained = {
        variable.name
        for variable, gradient in zip(ranker.trainable_variables, found, strict=True)
        if gradient is not None and np.any(tf.convert_to_tensor(gradient).numpy() != 0)
    }
    gates = {name for name in trained if "towers/gate_" in name}
    assert len(gates) == 8
    (prior,) = trained - gates
    assert prior.endswith("user/embeddings:0")


def test_rows_train_private_parts_of_their_own_scenario_only() -> None:
    ranker, rows = made(personal_gates="scenario_task")
    rows = taken(rows, rows[SCENARIO_KEY] == 1)
    private = 0
    for name, gradient in gradients(ranker, rows).items():
        if any(part in name for part in ("scenario_private", "task_level", "towers")):
            private += 1
            assert np.all(gradient[[0, 2]] == 0), name
            assert np.any(gradient[1] != 0), name
        elif "scenario_shared" in name:
            assert np.any(gradient != 0), name
    assert private == 6 + 5 + 12


def test_the_total_loss_reaches_all_five_towers_on_every_row() -> None:
    """It is made of predicted clicks and actions, not of observed ones."""
    ranker, rows = made(adaptive_weights=False)
    rows = taken(rows, slice(0, 1))
    data = tensors(rows)
    bias = weight(ranker, "towers/last/bias")
    for click in (0.0, 1.0):
        data[target_key("click")] = tf.constant([click])
        with tf.GradientTape() as tape:
            loss = ranker.loss_terms(data, True, tf.constant(1.0)).supervised["conversion"]
        (own,) = tape.gradient(loss, bias).numpy()[rows[SCENARIO_KEY]]
        assert np.all(own != 0)


def test_the_joint_loss_leaves_the_tower_without_a_click_alone() -> None:
    ranker, rows = made(losses="total_and_joint")
    joint, converted = "click_and_conversion", rows[target_key("conversion")]
    converted[rows[target_key("click")] == 0] = 1
    data = tensors(rows)
    assert ranker.supervised_outputs == ("click", "click_and_action", joint, "conversion")
    with tf.GradientTape() as tape:
        terms = ranker.loss_terms(data, False, tf.constant(float(len(rows[SCENARIO_KEY]))))
        losses = {name: tf.reduce_mean(x) for name, x in terms.supervised.items()}
    of_bias = tape.gradient(losses[joint], weight(ranker, "towers/last/bias")).numpy()
    reached = np.any(of_bias != 0, axis=0)
    assert dict(zip(FIVE_BRANCHES, reached, strict=True)) == {
        branch: branch != "conversion_without_click" for branch in FIVE_BRANCHES
    }
    both = rows[target_key("click")] * converted
    predicted = ranker(data)[joint].numpy()
    likelihoods = both * np.log(predicted) + (1 - both) * np.log(1 - predicted)
    wanted = -np.mean(rows[weight_key(joint)] * likelihoods)
    np.testing.assert_allclose(losses[joint], wanted, rtol=1e-5)


def test_without_the_entire_space_every_label_has_a_tower_in_its_own_space() -> None:
    ranker, rows = made(entire_space=False)
    assert ranker.supervised_outputs == ("click", "action_given_click", "conversion_given_click")
    assert weight(ranker, "towers/last/kernel").shape == (3, 3, 3, 1)
    unclicked = taken(rows, rows[target_key("click")] == 0)
    gradient = next(
        g for name, g in gradients(ranker, unclicked).items() if "towers/last/kernel" in name
    )
    assert np.any(gradient[:, 0] != 0)
    assert np.all(gradient[:, 1:] == 0)
