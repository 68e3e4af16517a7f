"""What a process holds in memory, from Linux's own accounts."""

from __future__ import annotations

import pathlib
import re
from contextlib import contextmanager


def _mebibytes(field, pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def resident(pid="self"):
    """The memory that a process holds now, in MiB."""
    return _mebibytes("VmRSS", pid)


@contextmanager
def peak():
    """Yields what says by how many MiB this process has grown at most since the beginning."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
    before = resident()
    yield lambda: _mebibytes("VmHWM", "self") - before
