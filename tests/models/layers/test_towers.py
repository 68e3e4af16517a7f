import numpy as np
import pytest
import tensorflow as tf

from models.layers.own_scenario import own_scenario
from models.layers.towers import Towers

RANDOM = np.random.default_rng(4)
SCENARIO = np.array([2, 0, 2, 1, 0])


def test_own_scenario_selects_exactly() -> None:
    values = RANDOM.normal(size=(5, 3, 2, 4)).astype(np.float32)
    wanted = values[np.arange(5), SCENARIO]
    np.testing.assert_array_equal(own_scenario(tf.constant(values), tf.constant(SCENARIO)), wanted)


@pytest.mark.parametrize("own_inputs", [False, True])
@pytest.mark.parametrize("scenarios", [None, 3])
def test_logits_of_every_row(scenarios: int | None, own_inputs: bool) -> None:
    inputs = RANDOM.normal(size=(2, 5, 4) if own_inputs else (5, 4)).astype(np.float32)
    layer = Towers(2, (3,), scenarios)
    layer(inputs, scenario=tf.constant(SCENARIO))
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    kernel, bias, last_kernel, last_bias = (v.numpy() for v in layer.trainable_variables)
    logits = layer(inputs, scenario=tf.constant(SCENARIO)).numpy()
    assert logits.shape == (5, 2)
    for row, k in enumerate(SCENARIO):
        for c in range(2):
            tower = (c,) if scenarios is None else (k, c)
            x = inputs[c, row] if own_inputs else inputs[row]
            hidden = np.maximum(x @ kernel[tower] + bias[tower][0], 0)
            wanted = hidden @ last_kernel[tower][:, 0] + last_bias[tower][0, 0]
            assert logits[row, c] == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_rows_of_other_scenarios_give_a_tower_no_gradient() -> None:
    inputs = tf.constant(RANDOM.normal(size=(5, 4)).astype(np.float32))
    layer = Towers(2, (3,), 4)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(inputs, scenario=tf.constant(SCENARIO)) ** 2)
    for gradient in tape.gradient(loss, layer.trainable_variables):
        sizes = np.abs(gradient.numpy()).reshape(4, -1).sum(1)
        assert np.all(sizes[:3] > 0)
        assert sizes[3] == 0
