"""Has the C library give memory back, in a process that only serves."""

from __future__ import annotations

import contextlib
import ctypes

# From glibc's malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_ARENAS = 2


def return_memory() -> None:
    """Makes freed blocks of 1 MiB and more the system's again, and lets threads share arenas.

    glibc raises the first size to 32 MiB once it has seen larger blocks, and gives each thread an
    arena of its own, which keeps what one large request has left in it. Other C libraries have no
    such settings.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 2**20)
        mallopt(_M_ARENA_MAX, _ARENAS)
