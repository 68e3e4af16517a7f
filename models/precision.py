"""Mixed precision for one model, leaving the process's own policy alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import tf_keras as keras


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made inside compute with `policy` (`mixed_bfloat16`); those after do not."""
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)
