"""What a model server's process has in its environment before TensorFlow is imported.

oneDNN keeps what it compiles for every shape that it meets: on lists of 1 to 500 rows the server
grows by hundreds of megabytes, and a request takes more CPU time than without
(`benchmarks/serving_memory.py`). Scores differ by rounding only.
"""

from __future__ import annotations

import os

SERVER_ENVIRONMENT = {"TF_ENABLE_ONEDNN_OPTS": "0"}
"""Defaults."""


def set_defaults() -> None:
    """Sets what is not set already; to be called before TensorFlow is imported."""
    for name, value in SERVER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
