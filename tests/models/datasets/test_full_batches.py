"""Batches filled up to one size."""

import numpy as np
import pytest
import tensorflow as tf

from models.datasets.full_batches import filled, full_size


@pytest.mark.parametrize(("wanted", "size"), [(1, 256), (256, 256), (257, 512), (4096, 4096)])
def test_sizes_are_multiples_of_256(wanted: int, size: int) -> None:
    assert full_size(wanted) == size


def test_the_last_row_fills_what_is_left() -> None:
    columns = {"a": tf.constant([3, 1, 2]), "b": tf.constant([[1.0], [2.0], [4.0]])}
    found = filled(columns, 5)
    assert found["a"].numpy().tolist() == [3, 1, 2, 2, 2]
    assert found["b"].numpy().tolist() == [[1], [2], [4], [4], [4]]


def test_a_full_batch_is_left_as_it_is() -> None:
    columns = {"a": tf.range(4)}
    assert filled(columns, 4) is columns
    assert np.shape(filled(columns, 6)["a"]) == (6,)
