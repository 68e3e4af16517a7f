"""What layers add to the loss, shared among replicas."""

import numpy as np
import pytest
import tensorflow as tf

from models.losses.penalties import penalty_share


def test_rows_are_divided_by_those_of_the_global_batch_and_scalars_count_once() -> None:
    rows = tf.constant([1.0, 2.0, 6.0], tf.float16)
    found = penalty_share([rows, tf.constant(0.5)], tf.constant(12.0))
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, 9 / 12 + 0.5)
    assert float(penalty_share([], tf.constant(12.0))) == 0


def test_half_precision_rows_are_summed_in_float32() -> None:
    rows = tf.fill([4096], tf.constant(100, tf.float16))  # Beyond float16's 65,504.
    assert float(penalty_share([rows], tf.constant(4096.0))) == pytest.approx(100)
