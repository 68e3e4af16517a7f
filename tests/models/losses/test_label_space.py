import numpy as np
import pytest
import tensorflow as tf
from made_batches import task_graph
from made_probabilities import composed

from models.losses.label_space import LabelSpace

CHAIN = {
    "click": tf.constant([0.5, 0.1]),
    "action_given_click": tf.constant([0.4, 0.5]),
    "conversion_given_action": tf.constant([0.25, 0.2]),
}


def test_joint_outputs_are_products_along_the_chain() -> None:
    outputs = composed(LabelSpace(task_graph(3)), CHAIN)
    assert list(outputs) == [output.name for output in task_graph(3).outputs]
    np.testing.assert_allclose(outputs["click_and_action"], [0.2, 0.05], rtol=1e-6)
    np.testing.assert_allclose(outputs["click_and_action_and_conversion"], [0.05, 0.01], rtol=1e-6)
    np.testing.assert_allclose(outputs["conversion_given_action"], [0.25, 0.2], rtol=1e-6)


def test_a_joint_output_with_a_tower_of_its_own_is_kept_and_carries_on() -> None:
    given = {**CHAIN, "click_and_action": tf.constant([0.3, 0.1])}
    outputs = composed(LabelSpace(task_graph(3)), given)
    np.testing.assert_allclose(outputs["click_and_action"], [0.3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(outputs["click_and_action_and_conversion"], [0.075, 0.02], rtol=1e-6)


def test_half_precision_log_odds_are_composed_in_float32() -> None:
    halves = {name: tf.cast(value, tf.float16) for name, value in CHAIN.items()}
    assert all(x.dtype == tf.float32 for x in LabelSpace(task_graph(3)).compose(halves).values())


def test_a_missing_conditional_is_named() -> None:
    with pytest.raises(KeyError, match="no prediction of action_given_click"):
        LabelSpace(task_graph(2)).compose({"click": CHAIN["click"]})
