import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.scenario_prototypes import ScenarioPrototypes

ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]], np.float32)
OWN = np.eye(3, dtype=np.float32)[[0, 0, 2]]


def test_averages_move_towards_the_rows_of_their_scenario() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.75)
    before = layer(ROWS, OWN, training=True)
    np.testing.assert_array_equal(before.means, np.zeros((3, 2)))
    np.testing.assert_allclose(before.deviations, np.ones((3, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.means, [[0.5, 0.75], [0, 0], [2.5, 5]])
    np.testing.assert_allclose(layer.squares, [[1.25, 2.5], [0, 0], [25, 100]])
    np.testing.assert_allclose(layer.seen, [[0.25], [0], [0.25]])
    layer(ROWS, OWN, training=True)
    np.testing.assert_allclose(
        layer.means, [[0.5 + 0.25 * 1.5, 0.75 + 0.25 * 2.25], [0, 0], [4.375, 8.75]]
    )


def test_moments_count_first_rows_fully_and_are_pooled_in_part() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.75)
    layer(ROWS, OWN, training=True)
    means, deviations = (x.numpy() for x in layer(ROWS, OWN))
    # Of scenarios 0 and 2, which count alike: mean 6 of 2 and 10, squares 52.5 of 5 and 100.
    np.testing.assert_allclose(means, [[2, 3], [6, 11.5], [10, 20]], rtol=1e-6)
    over_all = np.array([52.5 - 36, 205 - 11.5**2])
    wanted = [0.9 * np.array([1, 1]) + 0.1 * over_all, over_all, 0.1 * over_all]
    np.testing.assert_allclose(deviations, np.sqrt(wanted), rtol=1e-5)


def test_a_scenario_without_rows_keeps_its_average() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.5)
    layer(ROWS, OWN)
    for variable in layer.weights:
        variable.assign(np.full(variable.shape, 9.0))
    layer(ROWS, OWN, training=True)
    np.testing.assert_allclose(layer.means, [[5.5, 6], [9, 9], [9.5, 14.5]])
    np.testing.assert_allclose(layer.seen, [[5], [9], [5]])


def test_scoring_changes_nothing_and_nothing_is_trained() -> None:
    layer = ScenarioPrototypes(3, 2, momentum=0.5)
    rows = tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        found = [*layer(rows, OWN, training=False), *layer(rows, OWN, training=True)]
        moved = tf.reduce_sum(tf.add_n(found)) + tf.reduce_sum(layer.means)
    assert tape.gradient(moved, rows) is None
    assert layer.trainable_variables == []
    before = [variable.numpy() for variable in layer.weights]
    layer(ROWS, OWN)
    for variable, old in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(variable, old)


@pytest.mark.parametrize("seen", [False, True])
def test_deviations_stay_above_zero(seen: bool) -> None:
    layer = ScenarioPrototypes(2, 1, momentum=0.9)
    rows, own = np.full((4, 1), 0.3, np.float32), np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    layer(rows, own, training=seen)
    found = layer(rows, own).deviations.numpy()
    np.testing.assert_allclose(found, 1e-3 if seen else 1.0, rtol=0.5)
