"""JSON of results, on the disk and on stdout: strict, so an undefined number is null."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from common.atomic_files import write_whole


def plain_json(value: Any) -> Any:
    """Returns what JSON can hold: arrays as lists, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if hasattr(value, "tolist"):
        # numpy's arrays and numbers, without waiting for numpy's import.
        return plain_json(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_text(document: Any, indent: int | None = None) -> str:
    """Returns a document as JSON; in one line, without `indent`."""
    return json.dumps(plain_json(document), indent=indent, allow_nan=False)


def write_json(path: str | os.PathLike[str], document: Any, mode: int | None = None) -> None:
    """Writes one JSON file whole, and the folders above it; see `write_whole`."""
    write_whole(path, to_text(document, indent=1) + "\n", mode)
