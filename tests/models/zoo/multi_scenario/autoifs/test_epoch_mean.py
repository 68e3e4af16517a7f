import numpy as np
import tensorflow as tf

from models.zoo.multi_scenario.autoifs.epoch_mean import EpochMean


def test_it_averages_the_rows_of_one_epoch() -> None:
    mean = EpochMean((2,))
    mean.build(tf.TensorShape([]))
    assert np.all(np.isnan(mean.result()))
    mean.start(0)
    rows = tf.constant([[1.0, 2.0], [3.0, 5.0]])
    assert mean(rows) is rows
    mean(tf.constant([[8.0, 2.0]]))
    np.testing.assert_allclose(mean.result(), [4, 3])
    mean.start(0)
    np.testing.assert_allclose(mean.result(), [4, 3])
    mean.start(1)
    mean(tf.constant([[7.0, 1.0]]))
    np.testing.assert_allclose(mean.result(), [7, 1])
    assert mean.trainable_variables == []
