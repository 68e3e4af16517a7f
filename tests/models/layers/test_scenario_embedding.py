import numpy as np
import tensorflow as tf

from models.layers.scenario_embedding import ScenarioEmbedding


def test_every_row_has_the_vector_of_its_scenario_and_trains_it_alone() -> None:
    layer = ScenarioEmbedding(3, 2, 0.5)
    layer.build(tf.TensorShape([None]))
    layer.vectors.assign([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        found = layer(tf.constant([2, 0, 2]))
        loss = tf.reduce_sum(found * [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    np.testing.assert_array_equal(found, [[5, 6], [1, 2], [5, 6]])
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.vectors))
    np.testing.assert_array_equal(gradient, [[2, 20], [0, 0], [4, 40]])


def test_its_first_values_are_normal() -> None:
    values = ScenarioEmbedding(50, 40, 0.5)(tf.range(50)).numpy()
    assert abs(values.mean()) < 0.05
    assert abs(values.std() - 0.5) < 0.05
