"""Outputs of all scenarios are what rows have when their scenario is exchanged."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from models.layers.cgc import CGC
from models.layers.personal_towers import PersonalTowers
from models.layers.towers import Towers

RANDOM = np.random.default_rng(6)
K, C, B = 3, 2, 5


def normal(*shape: int) -> tf.Tensor:
    return tf.constant(RANDOM.normal(size=shape), tf.float32)


def randomised(layer: keras.layers.Layer) -> None:
    for variable in layer.trainable_variables:
        variable.assign(normal(*variable.shape))


def of(k: int) -> tf.Tensor:
    return tf.fill([B], k)


def same(found: tf.Tensor, wanted: tf.Tensor) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(B, 4), (C, B, 4)])
def test_towers_of_all_scenarios(shape: tuple[int, ...]) -> None:
    layer, inputs = Towers(C, (3,), K), normal(*shape)
    layer(inputs, of(0))
    randomised(layer)
    found = layer(inputs, None, all_scenarios=True)
    assert found.shape == (K, B, C)
    for k in range(K):
        same(found[k], layer(inputs, of(k)))
    assert np.any(found[0] != found[1])


@pytest.mark.parametrize("tasks", [1, C])
def test_towers_of_all_scenarios_read_what_each_scenario_made(tasks: int) -> None:
    layer, inputs = Towers(C, (3,), K), normal(K, tasks, B, 4)
    found = layer(inputs, None, all_scenarios=True)
    randomised(layer)
    found = layer(inputs, None, all_scenarios=True)
    for k in range(K):
        same(found[k], layer(tf.repeat(inputs[k], C // tasks, axis=0), of(k)))


@pytest.mark.parametrize("private_gates", [False, True])
@pytest.mark.parametrize("by_scenario", [False, True])
def test_personal_towers_of_all_scenarios(private_gates: bool, by_scenario: bool) -> None:
    layer = PersonalTowers(C, K, 4, (3,), 2, private_gates)
    lead = (K,) if by_scenario else ()
    inputs, gate_inputs = normal(*lead, C, B, 4), normal(*lead, 1, B, 6)
    found = layer(inputs, gate_inputs, None, all_scenarios=True)
    randomised(layer)
    found = layer(inputs, gate_inputs, None, all_scenarios=True)
    assert found.shape == (K, B, C)
    for k in range(K):
        own = (inputs[k], gate_inputs[k]) if by_scenario else (inputs, gate_inputs)
        same(found[k], layer(*own, of(k)))


@pytest.mark.parametrize("private_shared", [False, True])
@pytest.mark.parametrize(("specific", "shared"), [(2, 3), (1, 0), (0, 2), (0, 1)])
def test_a_level_of_all_scenarios(private_shared: bool, specific: int, shared: int) -> None:
    layer = CGC(C, specific, shared, (4,), K, private_shared, pass_on=True, gate_bias=True)
    inputs, shared_inputs = normal(C, B, 6), normal(B, 6)
    layer(inputs, shared_inputs, of(0))
    randomised(layer)
    mixed, passed_on = layer(inputs, shared_inputs, None, all_scenarios=True)
    assert (mixed.shape, passed_on.shape) == ((K, C, B, 4), (K, B, 4))
    gates = layer.gates(inputs, None, all_scenarios=True)
    assert gates.shape == (K, C, B, specific + shared)
    for k in range(K):
        own, own_passed_on = layer(inputs, shared_inputs, of(k))
        same(mixed[k], own)
        same(passed_on[k], own_passed_on)
        same(gates[k], layer.gates(inputs, of(k)))


@pytest.mark.parametrize("private_shared", [False, True])
def test_a_level_of_all_scenarios_follows_another(private_shared: bool) -> None:
    first = CGC(C, 1, 2, (6,), K, private_shared, pass_on=True)
    second = CGC(C, 1, 2, (4,), K, private_shared, pass_on=True, name="second")
    towers = Towers(C, (), K)
    inputs = normal(B, 6)

    def logits(scenario: tf.Tensor | None, everything: bool) -> tf.Tensor:
        hidden = first(inputs[tf.newaxis], inputs, scenario, all_scenarios=everything)
        hidden, passed_on = second(*hidden, scenario, all_scenarios=everything)
        assert passed_on.shape == ((K, B, 4) if everything else (B, 4))
        return towers(hidden, scenario, all_scenarios=everything)

    logits(of(0), False)
    for layer in (first, second, towers):
        randomised(layer)
    found = logits(None, True)
    for k in range(K):
        same(found[k], logits(of(k), False))


def test_only_what_knows_scenarios_has_outputs_of_all() -> None:
    with pytest.raises(ValueError, match="'towers' knows no scenarios"):
        Towers(C, ())(normal(B, 4), None, all_scenarios=True)
    with pytest.raises(ValueError, match="'cgc' knows no scenarios"):
        CGC(C, 1, 1, (4,))(normal(1, B, 4), normal(B, 4), None, all_scenarios=True)
    for experts in (1, 0):
        with pytest.raises(ValueError, match="'cgc' knows no scenarios"):
            CGC(C, 1, experts, (4,)).gates(normal(1, B, 4), None, all_scenarios=True)
