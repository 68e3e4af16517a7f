import numpy as np
import pytest

from models.zoo.multi_scenario.csii.inter_scenario_attention import InterScenarioAttention

RANDOM = np.random.default_rng(5)
B, H = 6, 4


@pytest.mark.parametrize("scenarios", [2, 4])
def test_the_others_are_weighed_and_the_own_is_not(scenarios: int) -> None:
    scenario = RANDOM.integers(0, scenarios, B)
    own = RANDOM.normal(size=(B, H)).astype(np.float32)
    others = RANDOM.normal(size=(scenarios, B, H)).astype(np.float32)
    mine = np.eye(scenarios, dtype=np.float32)[:, scenario]
    layer = InterScenarioAttention()
    layer(own, others, mine)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    query, key, value = (v.numpy() for v in layer.trainable_variables)
    aggregate, weights = (x.numpy() for x in layer(own, others, mine))
    assert np.all(weights[scenario, np.arange(B)] == 0)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-6)
    for row, s in enumerate(scenario):
        rest = [t for t in range(scenarios) if t != s]
        # The layer keeps W_k transposed.
        logits = [own[row] @ query @ (others[t, row] @ key.T) / np.sqrt(H) for t in rest]
        wanted = np.exp(logits - np.max(logits))
        wanted /= wanted.sum()
        np.testing.assert_allclose(weights[rest, row], wanted, rtol=1e-4, atol=1e-6)
        mixed = sum(a * others[t, row] @ value for a, t in zip(wanted, rest, strict=True))
        np.testing.assert_allclose(aggregate[row], mixed, rtol=1e-4, atol=1e-5)


def test_logits_however_large_leave_the_own_scenario_out() -> None:
    layer = InterScenarioAttention()
    own, mine = np.full((1, H), 1e3, np.float32), np.array([[1.0], [0.0]], np.float32)
    others = np.stack([own, -own])
    layer(own, others, mine)
    layer.trainable_variables[0].assign(np.eye(H))
    layer.trainable_variables[1].assign(np.eye(H))
    np.testing.assert_array_equal(layer(own, others, mine)[1], [[0], [1]])
