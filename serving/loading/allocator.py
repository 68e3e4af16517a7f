"""Has the C library give memory back, in a process that only serves."""

from __future__ import annotations

import contextlib
import ctypes

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
# Above what a call of a model allocates for long lists: such blocks would be mapped, filled with
# zeros and given back in every call, which took three times the CPU time of a call at 1 MiB.
_LARGE_BLOCK = 8 * 2**20
_KEPT = 64 * 2**20


def return_memory() -> None:
    """Gives large freed blocks back to the system, and lets threads share arenas.

    glibc gives each thread an arena of its own, which keeps what one large request has left in
    it, and raises the size of a large block to 32 MiB once it has seen one. Other C libraries
    have no such settings.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
        mallopt(_M_ARENA_MAX, _ARENAS)
