import numpy as np
import pytest

from models.zoo.multi_scenario.csii.intra_scenario_attention import IntraScenarioAttention

RANDOM = np.random.default_rng(2)
K, B, COUNT, WIDTH = 3, 4, 5, 2
TOKENS = RANDOM.normal(size=(K, B, COUNT, WIDTH)).astype(np.float32)
EXTRA = RANDOM.normal(size=(K, B, 3)).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("extra", [None, EXTRA])
@pytest.mark.parametrize("stack", [1, K])
def test_vectors_of_every_row_and_scenario(stack: int, extra: np.ndarray | None) -> None:
    layer = IntraScenarioAttention(stack, 6)
    layer(TOKENS, extra)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    query, key, value, kernel, bias = (v.numpy() for v in layer.trainable_variables)
    found = layer(TOKENS, extra).numpy()
    assert found.shape == (K, B, 6)
    for t in range(K):
        own = t if stack > 1 else 0
        for row in range(B):
            tokens = TOKENS[t, row]
            scores = (tokens @ query[own]) @ (tokens @ key[own]).T / np.sqrt(WIDTH)
            pooled = (softmax(scores) @ (tokens @ value[own]) + tokens).mean(0)
            if extra is not None:
                pooled = np.concatenate([pooled, extra[t, row]])
            wanted = np.maximum(pooled @ kernel[own] + bias[own][0], 0)
            np.testing.assert_allclose(found[t, row], wanted, rtol=1e-4, atol=1e-5)
