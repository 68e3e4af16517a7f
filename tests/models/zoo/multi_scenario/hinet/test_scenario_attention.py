import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.hinet.scenario_attention import ScenarioAttention


def made(scenarios: int, units: tuple[int, ...] = (4,)) -> ScenarioAttention:
    layer = ScenarioAttention(scenarios, 3, 0.01, units)
    layer(tf.range(scenarios))
    random = np.random.default_rng(3)
    for variable in layer.trainable_variables:
        variable.assign(random.normal(size=variable.shape))
    return layer


@pytest.mark.parametrize("units", [(), (4,), (6, 4)])
def test_weights_are_a_softmax_over_the_others(units: tuple[int, ...]) -> None:
    layer = made(5, units)
    values = {v.name: v.numpy().astype(np.float64) for v in layer.trainable_variables}
    h = next(v for name, v in values.items() if name.endswith("vectors:0"))
    for at in range(len(units) + 1):
        kernel, bias = (
            next(v for name, v in values.items() if name.endswith(f"dense_{at}/{kind}:0"))
            for kind in ("kernel", "bias")
        )
        h = h @ kernel + bias
        h = np.maximum(h, 0) if at < len(units) else h
    wanted = np.exp(h)
    np.fill_diagonal(wanted, 0)
    wanted /= wanted.sum(1, keepdims=True)
    scenario = np.array([3, 0, 4, 4, 1, 2])
    found = layer(tf.constant(scenario)).numpy()
    np.testing.assert_allclose(found, wanted[scenario], rtol=0, atol=1e-6)
    # The own scenario takes nothing away from the others, and the weights are not all alike.
    assert np.all(found[np.arange(6), scenario] == 0)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    assert wanted.std() > 0.1


def test_a_row_trains_the_vector_of_its_scenario_alone() -> None:
    layer = made(4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant([2, 2])) * [[1.0, 2.0, 3.0, 4.0]])
    (vectors,) = (v for v in layer.trainable_variables if v.name.endswith("vectors:0"))
    gradient = tf.convert_to_tensor(tape.gradient(loss, vectors)).numpy()
    assert np.all(gradient[[0, 1, 3]] == 0)
    assert np.any(gradient[2] != 0)


def test_of_two_scenarios_the_other_is_all_there_is() -> None:
    layer = made(2)
    assert layer.trainable_variables == []
    np.testing.assert_array_equal(layer(tf.constant([1, 0, 1])), [[1, 0], [0, 1], [1, 0]])
