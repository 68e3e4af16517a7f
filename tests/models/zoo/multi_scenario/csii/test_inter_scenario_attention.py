from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.csii.inter_scenario_attention import InterScenarioAttention

RANDOM = np.random.default_rng(5)
B, H = 6, 4


def inputs(scenarios: int) -> tuple[np.ndarray, ...]:
    """The rows' scenarios, their own representations, those of all, and the one-hot mask."""
    scenario = RANDOM.integers(0, scenarios, B)
    own = RANDOM.normal(size=(B, H)).astype(np.float32)
    others = RANDOM.normal(size=(scenarios, B, H)).astype(np.float32)
    return scenario, own, others, np.eye(scenarios, dtype=np.float32)[:, scenario]


def made(scenarios: int, parts: int, scale: float) -> tuple[InterScenarioAttention, dict[str, Any]]:
    layer = InterScenarioAttention(scenarios, parts)
    layer(*inputs(scenarios)[1:])
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(scale=scale, size=variable.shape))
    names = ("query/kernel", "key/kernel", "value/kernel", "pair_bias", "log_sharpness", "like")
    found = {v.name: v.numpy() for v in layer.trainable_variables}
    return layer, {
        name: value for name in names for key, value in found.items() if f"{name}:" in key
    }


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return a @ b / np.sqrt((a @ a + 1e-6) * (b @ b + 1e-6))


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("scenarios", [2, 4])
def test_tokens_of_the_others_are_weighed_and_the_own_are_not(scenarios: int, parts: int) -> None:
    layer, values = made(scenarios, parts, 0.7)
    assert len(values) == (5 if parts == 1 else 6)
    scenario, own, others, mine = inputs(scenarios)
    aggregate, weights = (x.numpy() for x in layer(own, others, mine))
    assert np.all(weights[scenario, np.arange(B)] == 0)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-6)
    width = H // parts
    for row, s in enumerate(scenario):
        shares, mixed = np.zeros(scenarios), []
        for i in range(parts):
            query = (own[row] @ values["query/kernel"])[i * width : (i + 1) * width]
            powers = np.zeros((scenarios, parts))
            for t in range(scenarios):
                for j in range(parts):
                    key = (others[t, row] @ values["key/kernel"])[j * width : (j + 1) * width]
                    logit = np.exp(values["log_sharpness"]) * cosine(query, key)
                    logit += 20 * values["pair_bias"][s, t]
                    logit += values["like"][i, j] if parts > 1 else 0
                    powers[t, j] = (t != s) * np.exp(logit)
            powers /= powers.sum()
            shares += powers.sum(1) / parts
            mixed.append(np.einsum("tj,tjw->w", powers, others[:, row].reshape(-1, parts, width)))
        wanted = np.concatenate(mixed) @ (np.eye(H) + values["value/kernel"])
        np.testing.assert_allclose(weights[:, row], shares, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(aggregate[row], wanted, rtol=1e-4, atol=1e-5)


def test_weights_do_not_depend_on_the_size_of_representations() -> None:
    layer, _ = made(3, 1, 0.7)
    _, own, others, mine = inputs(3)
    small = layer(0.1 * own, 0.05 * others, mine)[1].numpy()
    np.testing.assert_allclose(small, layer(own, others, mine)[1], atol=2e-3)
    zero = tf.zeros_like(others)
    with tf.GradientTape() as tape:
        tape.watch(zero)
        loss = tf.reduce_sum(layer(own, zero, mine)[1] ** 2)
    assert np.all(np.isfinite(tape.gradient(loss, zero)))


def test_at_first_the_aggregate_is_a_mean_of_the_others_and_its_own_position_leads() -> None:
    _, own, others, mine = inputs(4)
    layer = InterScenarioAttention(4)
    aggregate, weights = layer(own, others, mine)
    wanted = np.einsum("tb,tbw->bw", weights.numpy(), others)
    np.testing.assert_allclose(aggregate, wanted, rtol=1e-5, atol=1e-6)
    two = InterScenarioAttention(4, 2)
    # Keys that are alike leave nothing but the tokens' positions: e^2 against 1.
    same = np.zeros_like(others)
    same[..., :2], same[..., 2:] = 3.0, -3.0
    two(own, same, mine)
    two._key.kernel.assign(np.zeros((H, H)))
    found = two(own, same, mine)[0].numpy()
    share = np.exp(2) / (1 + np.exp(2))
    np.testing.assert_allclose(found[:, 0], 3 * (2 * share - 1), rtol=1e-4)
    np.testing.assert_allclose(found[:, 3], -3 * (2 * share - 1), rtol=1e-4)


def test_the_bias_of_a_pair_is_for_its_rows_alone() -> None:
    layer = InterScenarioAttention(3)
    scenario, own, others, _ = inputs(3)
    scenario[:3] = [0, 1, 2]
    mine = np.eye(3, dtype=np.float32)[:, scenario]
    before = layer(own, others, mine)[1].numpy()
    layer.pair_bias.assign(np.array([[0, 0, 0.3], [0, 0, 0], [0, 0, 0]], np.float32))
    after = layer(own, others, mine)[1].numpy()
    rows = scenario == 0
    odds = after[2, rows] / after[1, rows] / (before[2, rows] / before[1, rows])
    np.testing.assert_allclose(odds, np.exp(6), rtol=1e-3)
    np.testing.assert_array_equal(after[:, ~rows], before[:, ~rows])


def test_forty_steps_of_an_optimizer_decide_who_helps_a_scenario() -> None:
    _, own, others, _ = inputs(3)
    mine = np.eye(3, dtype=np.float32)[:, np.zeros(B, int)]
    layer = InterScenarioAttention(3)
    # The same in both, so that only the bias can tell them apart.
    others[:] = others[:1]
    before = layer(own, others, mine)[1].numpy()
    np.testing.assert_allclose(before[1:], 0.5, atol=1e-6)
    optimizer = keras.optimizers.Adam(3e-3)
    for _ in range(40):
        with tf.GradientTape() as tape:
            loss = -tf.reduce_sum(layer(own, others, mine)[1][2])
        optimizer.apply_gradients([(tape.gradient(loss, layer.pair_bias), layer.pair_bias)])
    # Adam by its formulas: 20 times the bias of one pair, and as much downwards for the other.
    bias, first, second = 0.0, 0.0, 0.0
    for step in range(1, 41):
        share = 1 / (1 + np.exp(-2 * 20 * bias))
        gradient = -20 * B * share * (1 - share)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        scaled = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-7)
        bias -= 3e-3 * scaled
    found = layer(own, others, mine)[1].numpy()
    np.testing.assert_allclose(found[2], 1 / (1 + np.exp(-2 * 20 * bias)), rtol=1e-4)
    assert np.all(found[2] > 0.95)


def test_logits_however_large_leave_the_own_scenario_out() -> None:
    own, mine = np.full((1, H), 1e3, np.float32), np.array([[1.0], [0.0]], np.float32)
    layer = InterScenarioAttention(2)
    others = np.stack([own, -own])
    layer(own, others, mine)
    layer.log_sharpness.assign(20.0)
    np.testing.assert_array_equal(layer(own, others, mine)[1], [[0], [1]])
