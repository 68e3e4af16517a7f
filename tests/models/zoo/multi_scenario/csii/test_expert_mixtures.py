import numpy as np
import pytest
import tensorflow as tf

from models.zoo.multi_scenario.csii.expert_mixtures import ExpertMixtures

RANDOM = np.random.default_rng(6)
INPUTS = RANDOM.normal(size=(3, 5, 4)).astype(np.float32)


def made(experts: int) -> ExpertMixtures:
    layer = ExpertMixtures(3, experts, (6, 2))
    layer(INPUTS)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    return layer


@pytest.mark.parametrize("experts", [1, 3])
def test_mixtures_of_every_row(experts: int) -> None:
    layer = made(experts)
    k0, b0, k1, b1, *gate = (
        v.numpy().reshape(3, -1, *v.shape[-2:]) for v in layer.trainable_variables
    )
    assert len(gate) == (2 if experts > 1 else 0)
    found = layer(INPUTS).numpy()
    for g in range(3):
        for row, x in enumerate(INPUTS[g]):
            weights = np.ones(1)
            if experts > 1:
                weights = np.exp(x @ gate[0][g, 0] + gate[1][g, 0, 0])
            wanted = np.zeros(2)
            for j, weight in enumerate(weights / weights.sum()):
                hidden = np.maximum(x @ k0[g, j] + b0[g, j, 0], 0)
                wanted += weight * np.maximum(hidden @ k1[g, j] + b1[g, j, 0], 0)
            np.testing.assert_allclose(found[g, row], wanted, rtol=1e-4, atol=1e-5)


def test_a_group_and_its_gate_learn_from_its_rows() -> None:
    layer = made(2)
    gradient_mask = np.zeros((3, 5, 1), np.float32)
    gradient_mask[1, 2:] = 1
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(INPUTS, gradient_mask) ** 2)
    for gradient in tape.gradient(loss, layer.trainable_variables):
        sizes = np.abs(gradient.numpy()).reshape(3, -1).sum(1)
        assert sizes[0] == sizes[2] == 0
        assert sizes[1] > 0
