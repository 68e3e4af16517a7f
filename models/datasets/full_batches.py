"""Batches filled up to one size, so that a row's score does not depend on how many are left.

The last bits of a score depend on the number of rows that are scored together, since kernels of
other shapes add up in another order. In batches of one size equal rows have equal scores, bit by
bit, wherever they stand and whatever else the machine does; else AUC counts pairs of equal rows
as won or lost by chance, and not as tied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

STEP = 256
"""Sizes are multiples of it, so that no kernel has a remainder at the end of a batch."""


def full_size(wanted: int) -> int:
    """The smallest size of at least `wanted` rows; `wanted` is above 0."""
    return -(-wanted // STEP) * STEP


def filled(columns: Any, size: int) -> Any:
    """Returns a batch of `size` rows, the last one being repeated.

    Args:
      columns: a nest of tensors [B, ...] with 0 < B <= size.
      size: rows of the result.
    """
    rows = int(tf.shape(tf.nest.flatten(columns)[0])[0])
    if rows == size:
        return columns
    positions = np.minimum(np.arange(size, dtype=np.int32), rows - 1)
    return tf.nest.map_structure(lambda column: tf.gather(column, positions), columns)
