import numpy as np
import tensorflow as tf

from models.layers.scenario_sums import scenario_sums

OWN = tf.one_hot([0, 2, 0, 0, 2], 4)


def test_rows_are_summed_by_scenario_and_counted() -> None:
    rows = np.arange(10, dtype=np.float32).reshape(5, 2)
    (sums, squares), counts = scenario_sums([tf.constant(rows), tf.constant(rows**2)], OWN)
    np.testing.assert_array_equal(sums, [[10, 13], [0, 0], [10, 12], [0, 0]])
    np.testing.assert_array_equal(squares, [[52, 75], [0, 0], [68, 90], [0, 0]])
    np.testing.assert_array_equal(counts, [[3], [0], [2], [0]])
    assert {x.dtype for x in (sums, squares, counts)} == {tf.float32}


def test_small_rows_count_next_to_large_ones() -> None:
    # In float32 2^25 + 2 is 2^25.
    rows = tf.constant([[2.0**25], [0.0], [2.0], [2.0], [0.0]])
    (sums,), _ = scenario_sums([rows], OWN)
    assert sums[0, 0].numpy() == 2.0**25 + 4


def test_a_row_has_the_gradient_of_its_scenarios_sum() -> None:
    rows, factors = tf.ones([5, 2]), tf.constant([[1.0], [2.0], [3.0], [4.0]])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        (sums,), _ = scenario_sums([rows], OWN)
        total = tf.reduce_sum(sums * factors)
    np.testing.assert_array_equal(tape.gradient(total, rows)[:, 0], [1, 3, 1, 1, 3])
