"""What a SavedModel takes on disk."""

from __future__ import annotations

import tensorflow as tf


def bytes_on_disk(folder: str) -> int:
    """Adds up the files below a folder, local or remote: graph, variables, assets, warm-up."""
    return sum(
        int(tf.io.gfile.stat(f"{place.rstrip('/')}/{name}").length)
        for place, _, names in tf.io.gfile.walk(folder)
        for name in names
    )


def size_problems(size: int, at_most: int | None) -> list[str]:
    """Says where a size in bytes is above its budget."""
    if at_most is None or size <= at_most:
        return []
    return [f"The SavedModel takes {size:,} bytes; canary.bytes_at_most is {at_most:,}."]
