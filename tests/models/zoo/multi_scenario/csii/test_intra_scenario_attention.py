import numpy as np
import pytest

from models.zoo.multi_scenario.csii.intra_scenario_attention import IntraScenarioAttention

RANDOM = np.random.default_rng(2)
K, B, COUNT, WIDTH, H = 3, 4, 5, 2, 6
TOKENS = RANDOM.normal(size=(K, B, COUNT, WIDTH)).astype(np.float32)
OWN = RANDOM.normal(size=(K, B, H)).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("stack", [1, K])
def test_vectors_of_every_row_and_scenario(stack: int) -> None:
    layer = IntraScenarioAttention(stack)
    # At first nothing is added.
    np.testing.assert_array_equal(layer((OWN, TOKENS)), OWN)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    query, key, value = (x.kernel.numpy() for x in (layer._query, layer._key, layer._value))
    output = layer.output_kernel.numpy()
    assert output.shape == (stack, COUNT * WIDTH, H)
    found = layer((OWN, TOKENS)).numpy()
    for t in range(K):
        own = t if stack > 1 else 0
        for row in range(B):
            tokens = TOKENS[t, row]
            scores = (tokens @ query[own]) @ (tokens @ key[own]).T / np.sqrt(WIDTH)
            attended = (softmax(scores) @ (tokens @ value[own])).ravel()
            wanted = OWN[t, row] + attended @ output[own]
            np.testing.assert_allclose(found[t, row], wanted, rtol=1e-4, atol=1e-5)
