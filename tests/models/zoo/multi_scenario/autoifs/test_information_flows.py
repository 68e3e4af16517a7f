from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.autoifs.information_flows import FLOWS, InformationFlows

RANDOM = np.random.default_rng(9)
INPUTS = RANDOM.normal(size=(8, 6)).astype(np.float32)
SCENARIO = np.array([0, 1, 2, 2, 1, 0, 2, 2])
# Positions by what their names say, so that a changed order is seen.
SH_SH = FLOWS.index("scenario_shared_to_task_shared")
K_M = FLOWS.index("scenario_specific_to_task_specific")
SH_M = FLOWS.index("scenario_shared_to_task_specific")
K_SH = FLOWS.index("scenario_specific_to_task_shared")


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def made(random: bool = True, **options: Any) -> InformationFlows:
    settings = {"scenario_units": (5,), "task_units": (), "rank": 2, **options}
    layer = InformationFlows(3, 2, **settings)
    layer(tf.constant(INPUTS), scenario=tf.constant(SCENARIO))
    if random:
        for variable in layer.trainable_variables:
            variable.assign(RANDOM.normal(size=variable.shape))
    return layer


def called(layer: InformationFlows, built: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
    """What the flows start from, [B, C], and the flows, [B, C, 4]; NaN where one is absent."""
    start, flows = layer(tf.constant(INPUTS), scenario=tf.constant(SCENARIO), built=built)
    stacked = np.full((8, 2, 4), np.nan)
    for flow, values in flows.items():
        stacked[:, :, flow] = values.numpy()
    return start.numpy(), stacked


def named(layer: InformationFlows, suffix: str) -> np.ndarray:
    (found,) = [v for v in layer.weights if v.name.endswith(f"{suffix}:0")]
    return np.asarray(found.numpy())


def scenario_parts(layer: InformationFlows, row: int) -> tuple[np.ndarray, np.ndarray]:
    x, k = INPUTS[row], SCENARIO[row]
    shared = x @ named(layer, "scenario_shared_0/kernel") + named(layer, "scenario_shared_0/bias")
    down, up, bias = (named(layer, f"scenario_private_0/{n}")[k] for n in ("down", "up", "bias"))
    return shared, x @ down @ up + bias


def task_parts(layer: InformationFlows) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Kernels [n], [C, n] of the last layer and the biases."""
    down, up = named(layer, "task_private_0/down"), named(layer, "task_private_0/up")
    private = np.einsum("cir,cro->ci", down, up)
    kernel = named(layer, "task_shared_0/kernel")[:, 0]
    bias = float(named(layer, "task_shared_bias")[0])
    return kernel, private, bias, named(layer, "task_private_bias")


def test_the_order_is_the_codes() -> None:
    assert (SH_SH, K_M, SH_M, K_SH) == (0, 1, 2, 3)


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_subtractive_flows_are_the_codes(activation: str) -> None:
    layer = made(fusion="subtractive", activation=activation)
    full, flows = called(layer)
    kernel, private, bias, private_bias = task_parts(layer)
    for row in range(8):
        shared, own = scenario_parts(layer, row)
        both = shared + own if activation == "linear" else relu(shared + own)
        for c in range(2):
            wanted = both @ kernel + bias + both @ private[c] + private_bias[c]
            assert full[row, c] == pytest.approx(wanted, abs=1e-3)
            found = flows[row, c]
            assert found[SH_SH] == pytest.approx(shared @ kernel + bias, abs=1e-3)
            assert found[K_M] == pytest.approx(own @ private[c] + private_bias[c], abs=1e-3)
            assert found[SH_M] == pytest.approx(shared @ private[c] + private_bias[c], abs=1e-3)
            assert found[K_SH] == pytest.approx(own @ kernel + bias, abs=1e-3)
    if activation == "linear":
        twice = flows.sum(2) - full
        np.testing.assert_allclose(twice, np.tile(bias + private_bias, (8, 1)), atol=1e-3)


@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_additive_flows_are_what_each_path_adds(activation: str) -> None:
    layer = made(activation=activation)
    start, flows = called(layer)
    assert np.all(start == 0)
    kernel, private, bias, private_bias = task_parts(layer)
    for row in range(8):
        shared, own = scenario_parts(layer, row)
        if activation == "linear":
            before, increment = shared, own
        else:
            before, increment = relu(shared), relu(shared + own) - relu(shared)
        for c in range(2):
            found = flows[row, c]
            assert found[SH_SH] == pytest.approx(before @ kernel + bias, abs=1e-3)
            assert found[K_M] == pytest.approx(increment @ private[c], abs=1e-3)
            assert found[SH_M] == pytest.approx(before @ private[c] + private_bias[c], abs=1e-3)
            assert found[K_SH] == pytest.approx(increment @ kernel, abs=1e-3)


@pytest.mark.parametrize("units", [((5,), ()), ((7, 5), ()), ((5,), (4,)), ((7, 5), (6, 4))])
@pytest.mark.parametrize("activation", ["relu", "linear"])
def test_additive_flows_add_up_to_the_full_logit_at_any_depth(
    units: tuple[tuple[int, ...], tuple[int, ...]], activation: str
) -> None:
    options: dict[str, Any] = {
        "scenario_units": units[0],
        "task_units": units[1],
        "activation": activation,
    }
    additive, subtractive = made(**options), made(**options, fusion="subtractive")
    by_name = {v.name.split("/", 1)[1]: v for v in additive.weights}
    for variable in subtractive.weights:
        variable.assign(by_name[variable.name.split("/", 1)[1]])
    full, _ = called(subtractive)
    assert full.std() > 1
    np.testing.assert_allclose(called(additive)[1].sum(2), full, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("fusion", ["additive", "subtractive"])
@pytest.mark.parametrize("units", [((5,), ()), ((7, 5), (4,))])
def test_low_rank_flows_start_at_exactly_zero_and_learn(
    fusion: str, units: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    layer = made(random=False, fusion=fusion, scenario_units=units[0], task_units=units[1])
    _, flows = called(layer)
    assert np.all(flows[:, :, [K_M, SH_M, K_SH]] == 0)
    assert np.any(flows[:, :, SH_SH] != 0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            start, found = layer(tf.constant(INPUTS), scenario=tf.constant(SCENARIO))
            factor = 1.0 if fusion == "additive" else -0.2
            logits = start + factor * tf.add_n([x + tf.zeros([8, 2]) for x in found.values()])
            loss = tf.reduce_mean((logits - tf.constant([[1.0, -2.0]])) ** 2)
        gradients = tape.gradient(loss, layer.trainable_variables)
        optimizer.apply_gradients(zip(gradients, layer.trainable_variables, strict=True))
    assert all(np.any(g.numpy() != 0) for g in gradients)


@pytest.mark.parametrize("fusion", ["additive", "subtractive"])
@pytest.mark.parametrize("task_units", [(), (4,)])
def test_what_is_not_wanted_is_not_computed(fusion: str, task_units: tuple[int, ...]) -> None:
    layer = made(fusion=fusion, task_units=task_units)
    start, flows = called(layer)
    built = np.array([[1, 0, 1, 0], [1, 1, 0, 0]], bool)
    some_start, some = called(layer, built)
    np.testing.assert_allclose(some_start, start)
    assert np.all(np.isnan(some[:, :, K_SH]))
    for c, flow in zip(*np.nonzero(built), strict=True):
        np.testing.assert_allclose(some[:, c, flow], flows[:, c, flow], rtol=1e-4, atol=1e-4)
    assert np.all(np.isfinite(some[:, :, [K_M, SH_M]]))
    _, nothing = called(layer, np.zeros((2, 4), bool))
    assert np.all(np.isnan(nothing))


def test_additive_flows_read_no_scenario_part_that_is_not_wanted() -> None:
    layer = made()
    built = np.array([[1, 0, 1, 0], [1, 0, 1, 0]], bool)
    with tf.GradientTape() as tape:
        _, flows = layer(tf.constant(INPUTS), scenario=tf.constant(SCENARIO), built=built)
        loss = tf.add_n([tf.reduce_sum(x) for x in flows.values()])
    gradients = tape.gradient(loss, layer.trainable_variables)
    unread = {
        v.name.split("/")[-2]
        for v, g in zip(layer.trainable_variables, gradients, strict=True)
        if g is None
    }
    assert unread == {"scenario_private_0"}
