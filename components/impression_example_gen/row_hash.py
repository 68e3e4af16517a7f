"""Hashes that are the same on every machine and in every run."""

from __future__ import annotations

from typing import Literal

import numpy as np
import tensorflow as tf

_PURPOSES = {"split": 0, "sampling": 1}
_SIZE = 1 << 53  # As many as a double tells apart.


def unit_hashes(keys: np.ndarray, seed: int, purpose: Literal["split", "sampling"]) -> np.ndarray:
    """Maps keys to numbers that are spread evenly over [0, 1): SipHash under a key of its own.

    Args:
      keys: bytes or str objects [N].
      seed: half of the hash's key.
      purpose: the other half; what is drawn for one purpose tells nothing of another.

    Returns:
      float64 [N].
    """
    key = [seed, _PURPOSES[purpose]]
    return tf.strings.to_hash_bucket_strong(keys, _SIZE, key).numpy() / _SIZE
