"""What a run leaves in memory, given back at its end."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterator

from models.training.released_gradients import released_gradients


@contextlib.contextmanager
def released_memory() -> Iterator[None]:
    """Frees what libraries keep of a run, so that a process may run the pipeline repeatedly.

    These are graphs that TensorFlow registers for ever, and graphs and models in cycles of
    objects, few and large: Python would collect them long after.
    """
    try:
        with released_gradients():
            yield
    finally:
        gc.collect()
        # glibc keeps what is freed unless it lies at the very end of the heap.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
