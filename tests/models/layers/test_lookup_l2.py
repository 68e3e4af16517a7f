"""What holds seldom and frequent values back, and how strongly."""

import numpy as np
import tensorflow as tf

from models.layers.lookup_l2 import LookupL2

COUNTS = np.array([4, 1, 0, 5])
INDICES = np.repeat(np.arange(4), COUNTS)
TABLE = np.random.default_rng(3).normal(size=(4, 2))


def loss_and_gradient(l2: LookupL2, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    table = tf.Variable(TABLE, dtype=tf.float32)
    with tf.GradientTape() as tape:
        losses = l2("user", tf.constant(indices), tf.gather(table, indices))
        total = tf.reduce_sum(losses)
    gradient = tf.convert_to_tensor(tape.gradient(total, table))
    return losses.numpy(), gradient.numpy()


def test_without_counts_a_row_pays_for_what_it_looks_up() -> None:
    losses, gradient = loss_and_gradient(LookupL2(0.5), INDICES)
    np.testing.assert_allclose(losses, 0.5 * (TABLE[INDICES] ** 2).sum(1), rtol=1e-5)
    np.testing.assert_allclose(gradient, TABLE * COUNTS[:, None], rtol=1e-5)


def test_with_counts_an_epoch_is_a_ridge_penalty() -> None:
    losses, gradient = loss_and_gradient(LookupL2(0.5, {"user": COUNTS}), INDICES)
    seen = COUNTS > 0
    np.testing.assert_allclose(losses.sum(), 0.5 * (TABLE[seen] ** 2).sum(), rtol=1e-5)
    np.testing.assert_allclose(gradient[seen], TABLE[seen], rtol=1e-5)
    assert np.all(gradient[~seen] == 0)


def test_a_value_that_never_stood_in_the_split_counts_as_one() -> None:
    losses, _ = loss_and_gradient(LookupL2(0.5, {"user": COUNTS}), np.array([2]))
    np.testing.assert_allclose(losses, 0.5 * (TABLE[[2]] ** 2).sum(1), rtol=1e-5)


def test_a_field_without_counts_is_held_back_a_lookup() -> None:
    losses, _ = loss_and_gradient(LookupL2(0.5, {"item": COUNTS}), INDICES)
    np.testing.assert_allclose(losses, 0.5 * (TABLE[INDICES] ** 2).sum(1), rtol=1e-5)


def test_no_weight_is_no_loss() -> None:
    assert not LookupL2(0.0, {"user": COUNTS})
    assert LookupL2(1e-9)


def test_counts_of_scenarios_serve_tables_of_all_by_their_sums() -> None:
    by_scenario = np.array([[1, 1, 0, 2], [3, 0, 0, 3]])
    losses, _ = loss_and_gradient(LookupL2(0.5, {"user": by_scenario}), INDICES)
    wanted, _ = loss_and_gradient(LookupL2(0.5, {"user": COUNTS}), INDICES)
    np.testing.assert_array_equal(losses, wanted)
    l2 = LookupL2(0.5)
    l2.use_counts_of(LookupL2(7.0, {"user": by_scenario}))
    places = tf.constant([3, 4, 6])
    looked_up = tf.constant([[1.0, 2.0], [3.0, 0.0], [1.0, 1.0]])
    found = l2("user", places, looked_up, by_scenario=True)
    np.testing.assert_allclose(found, [0.5 * 5 / 2, 0.5 * 9 / 3, 0.5 * 2 / 1], rtol=1e-6)
