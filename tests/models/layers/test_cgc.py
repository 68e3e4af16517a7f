import numpy as np
import pytest
import tensorflow as tf

from models.layers.cgc import CGC
from models.layers.own_scenario import own_of_stack, own_scenario

RANDOM = np.random.default_rng(5)
SCENARIO = np.array([2, 0, 1, 2, 2])


def normal(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


def by_name(layer: CGC) -> dict[str, np.ndarray]:
    for variable in layer.trainable_variables:
        variable.assign(normal(*variable.shape))
    return {v.name.removesuffix(":0"): v.numpy() for v in layer.trainable_variables}


def value(weights: dict[str, np.ndarray], part: str, kind: str = "kernel") -> np.ndarray:
    (found,) = [v for name, v in weights.items() if name.endswith(f"{part}/{kind}")]
    return found


def expert(weights: dict[str, np.ndarray], part: str, at: tuple, x: np.ndarray) -> np.ndarray:
    kernel = value(weights, f"{part}/dense_0")[at]
    return np.maximum(x @ kernel + value(weights, f"{part}/dense_0", "bias")[at][0], 0)


def test_a_stack_gives_the_rows_of_its_own_scenario() -> None:
    values = normal(3, 2, 5, 4)
    wanted = own_scenario(tf.transpose(values, (2, 0, 1, 3)), SCENARIO).numpy()
    found = own_of_stack(tf.constant(values), SCENARIO)
    np.testing.assert_array_equal(found, wanted.transpose(1, 0, 2))


@pytest.mark.parametrize("private_shared", [False, True])
def test_every_scenario_has_own_experts_and_gates(private_shared: bool) -> None:
    layer = CGC(2, 2, 3, (4,), 3, private_shared=private_shared, pass_on=True, gate_bias=True)
    inputs, shared = normal(2, 5, 6), normal(5, 6)
    layer(inputs, shared, SCENARIO)
    weights = by_name(layer)
    mixed, passed_on = (x.numpy() for x in layer(inputs, shared, SCENARIO))
    for row, k in enumerate(SCENARIO):
        owner = (k,) if private_shared else ()
        common = [expert(weights, "shared", (*owner, m), shared[row]) for m in range(3)]
        every = []
        for c in range(2):
            x = inputs[c, row]
            own = [expert(weights, "specific", (k, c, n), x) for n in range(2)]
            gate = softmax(
                x @ value(weights, "/gates")[k, c] + value(weights, "/gates", "bias")[k, c, 0]
            )
            np.testing.assert_allclose(mixed[c, row], gate @ [*own, *common], rtol=1e-4, atol=1e-5)
            every += own
        gate = softmax(
            shared[row] @ value(weights, "shared_gate")[k]
            + value(weights, "shared_gate", "bias")[k, 0]
        )
        np.testing.assert_allclose(passed_on[row], gate @ [*every, *common], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("specific", "shared"), [(0, 2), (2, 0)])
def test_either_kind_of_expert_may_be_missing(specific: int, shared: int) -> None:
    layer = CGC(3, specific, shared, (4,), None)
    mixed, passed_on = layer(normal(1, 5, 6), normal(5, 6), SCENARIO)
    assert mixed.shape == (3, 5, 4)
    assert passed_on is None
    gates = layer.gates(normal(1, 5, 6), SCENARIO).numpy()
    assert gates.shape == (3, 5, 2)
    np.testing.assert_allclose(gates.sum(-1), 1, atol=1e-6)


def test_rows_reach_private_parts_of_their_own_scenario_only() -> None:
    layer = CGC(2, 2, 2, (4,), 3, private_shared=True, pass_on=True)
    inputs, shared, scenario = normal(2, 5, 6), normal(5, 6), np.full(5, 1)
    layer(inputs, shared, scenario)
    by_name(layer)
    with tf.GradientTape() as tape:
        loss = tf.add_n([tf.reduce_sum(x**2) for x in layer(inputs, shared, scenario)])
    for gradient in tape.gradient(loss, layer.trainable_variables):
        assert np.all(gradient.numpy()[[0, 2]] == 0)
        assert np.any(gradient.numpy()[1] != 0)
