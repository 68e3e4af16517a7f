import numpy as np
import tensorflow as tf

from models.layers.histories.vector_slot import VectorSlot
from models.precision import precision


def test_a_vector_that_half_precision_can_not_hold_gives_a_finite_embedding() -> None:
    with precision("mixed_float16"):
        layer = VectorSlot(2, 0.0, 0.1, "image")
        layer(tf.ones([1, 3]))
    _, bias, missing = layer.get_weights()
    layer.set_weights([np.eye(3, 2, dtype=np.float32), bias * 0, missing])
    found = layer(tf.constant([[1e6, -0.5, 7.0], [0.0, 0.0, 0.0]]))
    assert found.dtype == tf.float16
    assert found[0].numpy().tolist() == [65_504.0, -0.5]
    np.testing.assert_allclose(found[1], missing, rtol=1e-3)
