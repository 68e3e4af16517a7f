"""The graphs of a training, freed once it has ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tensorflow.python.framework import ops

_PREFIX = "CustomGradient-"


@contextlib.contextmanager
def released_gradients() -> Iterator[None]:
    """Forgets the custom gradients that are traced inside.

    TensorFlow registers every call of a `tf.custom_gradient` that it traces, its own too, under
    a new name and for ever. Each holds the whole graph of its training step, so that a process
    that trains again and again grows. Nothing differentiates these graphs once their training
    has ended.
    """
    registered = ops.gradient_registry._registry
    before = set(registered)
    try:
        yield
    finally:
        for name in [x for x in registered if x.startswith(_PREFIX) and x not in before]:
            del registered[name]
