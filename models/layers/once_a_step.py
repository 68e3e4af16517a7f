"""What layers do once in a step of the training, however often they are called in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

# The ids of the layers that were called in the step; None outside of steps. Replicas that run in
# threads of their own have one each.
_CALLED: ContextVar[set[int] | None] = ContextVar("called_in_this_step", default=None)


@contextlib.contextmanager
def one_step() -> Iterator[None]:
    """What is called inside belongs to one step (of this replica).

    It counts calls of Python, in an eager step or while one is traced.
    """
    token = _CALLED.set(set())
    try:
        yield
    finally:
        _CALLED.reset(token)


def first_call_of_step(layer: object) -> bool:
    """Whether this was not called for the layer in this step before; outside of steps, True."""
    called = _CALLED.get()
    if called is None:
        return True
    if id(layer) in called:
        return False
    called.add(id(layer))
    return True
