import numpy as np
import tensorflow as tf

from models.zoo.multi_scenario.csii.scenario_prototypes import ScenarioPrototypes

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]], np.float32)
OWN = np.eye(3, dtype=np.float32)[[0, 0, 2]]


def test_averages_move_towards_the_rows_of_their_scenario() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.75)
    before = layer(ROWS, OWN, training=True).numpy()
    assert np.all(before == 0)
    np.testing.assert_allclose(layer.means, [[0.5, 0.75], [0, 0], [2.5, 5]])
    before = layer(ROWS, OWN, training=True).numpy()
    np.testing.assert_allclose(before, [[0.5, 0.75], [0, 0], [2.5, 5]])
    np.testing.assert_allclose(
        layer.means, [[0.5 + 0.25 * 1.5, 0.75 + 0.25 * 2.25], [0, 0], [4.375, 8.75]]
    )


def test_a_scenario_without_rows_keeps_its_average() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.5)
    layer(ROWS, OWN)
    layer.means.assign(np.full((3, 2), 9.0))
    layer(ROWS, OWN, training=True)
    np.testing.assert_allclose(layer.means, [[5.5, 6], [9, 9], [9.5, 14.5]])


def test_scoring_changes_nothing_and_nothing_is_trained() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.5)
    rows = tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        found = layer(rows, OWN, training=False) + layer(rows, OWN, training=True)
        moved = tf.reduce_sum(found) + tf.reduce_sum(layer.means)
    assert tape.gradient(moved, rows) is None
    assert layer.trainable_variables == []
    layer.means.assign(np.ones((3, 2)))
    layer(ROWS, OWN)
    assert np.all(layer.means.numpy() == 1)
