"""A machine with other work: processes that keep every core busy."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    """A process a core that does nothing but compute, while the block runs."""
    # They end with the test's own process too, however that ends.
    code = "import os\np = os.getppid()\nwhile os.getppid() == p: sum(range(100_000))"
    spin = [sys.executable, "-c", code]
    others = [subprocess.Popen(spin) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()
