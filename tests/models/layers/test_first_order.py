import numpy as np
import tensorflow as tf

from models.features.inputs import Field
from models.layers.first_order import FirstOrder
from models.layers.lookup_l2 import LookupL2

FIELDS = (Field("user", 5), Field("item", 4))
INDICES = np.array([[0, 3], [4, 1]])
NUMBERS = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)


def test_logits_are_bias_weights_and_numbers() -> None:
    layer = FirstOrder(FIELDS, 2, biases=[-1.0, 2.0, 0.0], l2=LookupL2(0.5))
    inputs = (tf.constant(INDICES), tf.constant(NUMBERS))
    np.testing.assert_array_equal(layer(inputs), [[-1.0, 2.0, 0.0]] * 2)
    for variable in layer.trainable_variables:
        variable.assign(np.random.default_rng(2).normal(size=variable.shape))
    user, item = (
        layer.tables[name].numpy()[INDICES[:, i]] for i, name in ((0, "user"), (1, "item"))
    )
    wanted = layer.bias.numpy() + user + item + NUMBERS @ layer.numeric_kernel.numpy()
    np.testing.assert_allclose(layer(inputs, training=True), wanted, rtol=1e-5)
    penalties = [0.5 * (user**2).sum(1), 0.5 * (item**2).sum(1)]
    np.testing.assert_allclose(np.stack(layer.losses), penalties, rtol=1e-5)


def test_without_fields_and_numbers_it_is_the_bias() -> None:
    layer = FirstOrder((), 0, biases=[0.25], l2=LookupL2(0.5))
    logits = layer((tf.constant(INDICES), tf.constant(NUMBERS)), training=True)
    np.testing.assert_array_equal(logits, [[0.25], [0.25]])
    assert (layer.losses, [v.shape.as_list() for v in layer.trainable_variables]) == ([], [[1]])
