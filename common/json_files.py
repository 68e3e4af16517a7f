"""JSON files of results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf


def plain_json(value: Any) -> Any:
    """Returns what JSON can hold: arrays as lists, an undefined number as null."""
    if isinstance(value, Mapping):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain_json(value.tolist())
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def write_json(path: str, document: Mapping[str, Any]) -> None:
    """Writes one JSON file, local or remote, and the folders above it."""
    tf.io.gfile.makedirs(path.rpartition("/")[0])
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(plain_json(document), indent=1))
