import numpy as np
import pytest

from models.zoo.multi_scenario.csii.transfer_weight import TransferWeight

RANDOM = np.random.default_rng(9)
SCENARIO = np.array([1, 0, 1, 2])
MINE = np.eye(3, dtype=np.float32)[:, SCENARIO]
OWN, AGGREGATE = RANDOM.normal(size=(2, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("by_instance", [False, True])
def test_weights_are_the_sigmoid_of_scenario_and_instance(by_instance: bool) -> None:
    layer = TransferWeight(3, by_instance)
    start = layer(OWN, AGGREGATE, MINE).numpy()
    assert start.shape == (4, 1)
    assert np.all((start > 0) & (start < 1))
    assert by_instance or np.all(start == 0.5)
    for variable in layer.trainable_variables:
        variable.assign(RANDOM.normal(size=variable.shape))
    logits = 5 * layer.theta.numpy()[SCENARIO]
    if by_instance:
        (reader,) = (v.numpy() for v in layer.trainable_variables if v.shape != (3, 1))
        logits = logits + np.concatenate([OWN, AGGREGATE], 1) @ reader
    found = layer(OWN, AGGREGATE, MINE)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), rtol=1e-5)
