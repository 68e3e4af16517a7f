"""The descriptors 0, 1 and 2, which a caller may have closed (`polyrank runs >&-`)."""

from __future__ import annotations

import os
import sys

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_closed_streams() -> None:
    """Opens those that are closed on nothing.

    Python has None for their streams then, and the next file that is opened would get the
    descriptor, and with it all that libraries print.
    """
    for descriptor, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free descriptor is this one: those below it are open.
            os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
