"""The domain's micro-network."""

import numpy as np
import pytest
import tensorflow as tf

from models.precision import precision
from models.zoo.multi_scenario.dffm.micro_network import MicroNetwork
from models.zoo.multi_scenario.dffm.pair_products import pair_products

K, A, E, Q = 3, 2, 4, 5
X = np.random.default_rng(0).normal(size=(6, A, E)).astype(np.float32)
PRIORS = np.random.default_rng(1).normal(size=(6, Q)).astype(np.float32)
SCENARIO = np.array([0, 1, 2, 2, 1, 0])


def network(units: tuple[int, ...], identity: bool = True, priors: int = Q) -> MicroNetwork:
    layer = MicroNetwork(K, units, identity, stddev=0.5)
    layer((X, PRIORS[:, :priors]), SCENARIO)
    return layer


@pytest.mark.parametrize(
    ("units", "count"), [((), 4 * 4 + 4), ((3,), 4 * 3 + 3 + 3 * 4 + 4), ((3, 2), 15 + 8 + 12)]
)
def test_as_many_weights_as_its_layers_have(units: tuple[int, ...], count: int) -> None:
    layer = network(units)
    assert layer.parameters == count
    shapes = {v.name.split("/")[-1]: tuple(v.shape) for v in layer.trainable_variables}
    assert shapes == {
        "base:0": (count,),
        "deviation:0": (K, count),
        "prior_kernel:0": (Q, count),
    }


def test_one_linear_layer_by_hand() -> None:
    layer = network((), identity=False, priors=0)
    base, deviation = layer.trainable_variables
    base.assign(np.zeros(20))
    numbers = np.zeros((K, 20))
    numbers[1, :16] = 2 * np.eye(4).ravel()
    numbers[1, 16:] = [1, 0, 0, -1]
    deviation.assign(numbers)
    found = layer((X, PRIORS[:, :0]), SCENARIO).numpy()
    np.testing.assert_allclose(found[1], 2 * X[1] + [1, 0, 0, -1], rtol=1e-6)
    np.testing.assert_array_equal(found[0], 0)


def test_a_hidden_layer_is_leaky_and_the_last_is_not() -> None:
    layer = network((1,), identity=False, priors=0)
    base, deviation = layer.trainable_variables
    deviation.assign(np.zeros((K, 13)))
    # h = leaky(x_0 + 1), D(x) = (-h, 0, 0, 3).
    base.assign([1, 0, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0, 3])
    x = np.array([[[-6, 1, 1, 1], [2, 1, 1, 1]]], np.float32)
    found = layer((x, PRIORS[:1, :0]), SCENARIO[:1]).numpy()
    np.testing.assert_allclose(found[0], [[1, 0, 0, 3], [-3, 0, 0, 3]], rtol=1e-6)


def test_it_begins_as_the_identity() -> None:
    layer = network((3,))
    base = layer.trainable_variables[0].numpy()
    assert np.all(base[15:] == 0) and np.all(base[:12] != 0)
    np.testing.assert_array_equal(layer((X, PRIORS), SCENARIO), X)
    # Then pairs have the inner products of a product-based network.
    products = pair_products(layer((X, PRIORS), SCENARIO)).numpy()
    np.testing.assert_allclose(products[:, 0], (X[:, 0] * X[:, 1]).sum(1), rtol=1e-5)


def test_all_of_it_learns_from_the_start_but_for_what_is_multiplied_by_zero() -> None:
    layer = network((3,))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer((X, PRIORS), SCENARIO) * X)
    for found in tape.gradient(loss, layer.trainable_variables):
        last = tf.convert_to_tensor(found).numpy()[..., 15:]
        assert np.any(last != 0, axis=-1).all()


def test_the_published_one_has_kernels_in_every_layer() -> None:
    base, deviation, priors = (v.numpy() for v in network((3,), identity=False).trainable_variables)
    assert np.all(np.abs(base[15:27]) <= np.sqrt(6 / 7)) and np.all(base[15:27] != 0)
    np.testing.assert_array_equal(base[[12, 13, 14, 27, 28, 29, 30]], 0)
    assert 0.3 < deviation.std() < 0.7
    assert np.all(priors != 0)


def test_a_scenario_and_its_priors_change_the_weights() -> None:
    layer = network((3,), identity=False)
    before = layer.weights_of_rows(SCENARIO, PRIORS).numpy()
    named = {v.name.split("/")[-1]: v.numpy() for v in layer.trainable_variables}
    wanted = named["base:0"] + named["deviation:0"][SCENARIO] + PRIORS @ named["prior_kernel:0"]
    np.testing.assert_allclose(before, wanted, rtol=1e-4, atol=1e-6)
    other = layer.weights_of_rows((SCENARIO + 1) % K, PRIORS).numpy()
    assert np.all(before != other)


def test_half_precision_is_close() -> None:
    plain = network((3,), identity=False)
    with precision("mixed_float16"):
        half = MicroNetwork(K, (3,), identity=False)
    inputs = (tf.cast(X, tf.float16), tf.cast(PRIORS, tf.float16))
    half(inputs, SCENARIO)
    half.set_weights(plain.get_weights())
    found = half(inputs, SCENARIO)
    assert found.dtype == tf.float16
    wanted = plain((X, PRIORS), SCENARIO).numpy()
    np.testing.assert_allclose(tf.cast(found, tf.float32), wanted, rtol=0.02, atol=0.02)


def test_pairs_are_each_taken_once_and_in_order() -> None:
    vectors = np.array([[[1, 2], [3, 4], [-5, 6]]], np.float32)
    np.testing.assert_array_equal(pair_products(tf.constant(vectors)), [[11, 7, 9]])
    assert pair_products(tf.constant(X)).shape == (6, 1)
