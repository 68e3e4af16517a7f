import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.field_columns import FieldColumns
from models.zoo.multi_scenario.csii.pairwise_transform import PairwiseTransform

RANDOM = np.random.default_rng(8)
K, P, E, N = 3, 4, 2, 2
COLUMNS = FieldColumns(P, E, N)
SCENARIO = np.array([2, 0, 0, 2, 2])
OWN = np.eye(K, dtype=np.float32)[SCENARIO]
ROWS = RANDOM.normal(size=(5, P * E + N)).astype(np.float32)


def made(kind: str) -> PairwiseTransform:
    layer = PairwiseTransform(K, COLUMNS, kind, rank=3)
    layer(ROWS, OWN)
    return layer


def test_columns_of_fields() -> None:
    fields = ROWS[:, : P * E].reshape(5, P, E)
    np.testing.assert_allclose(COLUMNS.sums(tf.constant(ROWS)), fields.sum(-1), rtol=1e-5)
    values = RANDOM.normal(size=(5, P)).astype(np.float32)
    spread = COLUMNS.spread(tf.constant(values), 7.0).numpy()
    np.testing.assert_array_equal(spread[:, : P * E], np.repeat(values, E, axis=1))
    assert np.all(spread[:, P * E :] == 7)


@pytest.mark.parametrize("kind", ["diagonal", "low_rank"])
def test_every_transform_begins_as_the_identity(kind: str) -> None:
    carried = made(kind)(ROWS, OWN).numpy()
    np.testing.assert_array_equal(carried, np.stack([ROWS] * K))


@pytest.mark.parametrize("kind", ["diagonal", "low_rank"])
def test_transforms_of_every_row(kind: str) -> None:
    layer = made(kind)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    first, second = (v.numpy() for v in layer.trainable_variables)
    carried = layer(ROWS, OWN).numpy()
    for row, s in enumerate(SCENARIO):
        for t in range(K):
            np.testing.assert_array_equal(carried[t, row, P * E :], ROWS[row, P * E :])
            for p in range(P):
                place = slice(p * E, (p + 1) * E)
                v = ROWS[row, place]
                if s == t:
                    wanted = v
                elif kind == "diagonal":
                    wanted = first[s, t, p] * v + second[s, t, p]
                else:
                    wanted = v + second[:, s, t, p].T @ (first[:, s, t, p] @ v)
                np.testing.assert_allclose(carried[t, row, place], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["diagonal", "low_rank"])
def test_a_row_trains_the_transforms_from_its_scenario_to_the_others(kind: str) -> None:
    layer = made(kind)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(ROWS, OWN) ** 2)
    for gradient in tape.gradient(loss, layer.trainable_variables):
        sizes = np.abs(gradient.numpy()).reshape(-1, K, K, P * E).sum((0, 3))
        assert np.array_equal(sizes > 0, [[False, True, True], [False] * 3, [True, True, False]])


@pytest.mark.parametrize(("kind", "each"), [("diagonal", 2), ("low_rank", 6)])
def test_number_of_parameters(kind: str, each: int) -> None:
    assert made(kind).count_params() == each * K * K * P * E
