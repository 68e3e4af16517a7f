import numpy as np

from models.layers.softmax_gate import SoftmaxGate


def test_gates_are_softmax_distributions_over_experts() -> None:
    inputs = np.random.default_rng(5).normal(size=(6, 4)).astype(np.float32)
    layer = SoftmaxGate(gates=3, experts=5)
    gates = layer(inputs).numpy()
    (kernel,) = layer.trainable_variables
    powers = np.exp((inputs @ kernel.numpy()).reshape(6, 3, 5))
    np.testing.assert_allclose(gates, powers / powers.sum(-1, keepdims=True), rtol=1e-5)


def test_gates_sum_to_one_in_half_precision() -> None:
    inputs = 5 * np.random.default_rng(6).normal(size=(64, 8)).astype(np.float32)
    layer = SoftmaxGate(2, 7, dtype="mixed_bfloat16")
    gates = layer(inputs).numpy()
    assert gates.dtype == np.float32
    np.testing.assert_allclose(gates.sum(-1), 1, atol=1e-6)
    assert gates.std() > 0.05
