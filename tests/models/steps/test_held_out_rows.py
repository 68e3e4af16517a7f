"""Rows picked by their values."""

import numpy as np
import tensorflow as tf

from models.steps.held_out_rows import picked_rows


def test_a_row_is_picked_by_its_values_alone() -> None:
    indices = np.random.default_rng(5).integers(0, 40, (4000, 3)).astype(np.int32)
    picked = picked_rows(tf.constant(indices), 0.3).numpy()
    assert picked.shape == (4000,)
    order = np.random.default_rng(6).permutation(4000)
    np.testing.assert_array_equal(
        picked_rows(tf.constant(indices[order]), 0.3).numpy(), picked[order]
    )
    by_values: dict[bytes, set[bool]] = {}
    for row, found in zip(indices, picked, strict=True):
        by_values.setdefault(row.tobytes(), set()).add(bool(found))
    assert len(by_values) < 4000  # Some rows are there twice.
    assert all(len(found) == 1 for found in by_values.values())
    # Four standard errors of a share of .3.
    np.testing.assert_allclose(picked.mean(), 0.3, atol=4 * np.sqrt(0.3 * 0.7 / 4000))


def test_no_value_of_a_field_decides_alone() -> None:
    grid = np.stack(np.meshgrid(np.arange(60), np.arange(60)), axis=-1)
    picked = picked_rows(tf.constant(grid.reshape(-1, 2)), 0.5).numpy().reshape(60, 60)
    shares = np.concatenate([picked.mean(axis=0), picked.mean(axis=1)])
    assert shares.min() > 0.15 and shares.max() < 0.85


def test_none_and_all() -> None:
    indices = tf.reshape(tf.range(300), [100, 3])
    assert not picked_rows(indices, 0.0).numpy().any()
    assert picked_rows(indices, 1.0).numpy().all()
