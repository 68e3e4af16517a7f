"""Rows of a batch that train only a part of the model."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

_STEPS = 2**20


def picked_rows(indices: tf.Tensor, share: float) -> tf.Tensor:
    """Picks a share of all rows by a hash of their values, the same rows in every epoch.

    Rows with the same values are picked together, so that none stands on both sides.

    Args:
      indices: of the fields' values, integers [B, P].
      share: of the distinct rows that are picked, in steps of 2^-20.

    Returns:
      bool [B].
    """
    factors = np.random.default_rng(0).integers(_STEPS**2, size=indices.shape[1])
    mixed = tf.reduce_sum(tf.cast(indices, tf.int64) * factors, axis=1)
    # The low bits of a product know only the low bits of its factors.
    return mixed // _STEPS % _STEPS < round(share * _STEPS)
