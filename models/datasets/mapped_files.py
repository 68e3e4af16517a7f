"""Held rows as files: written once, mapped into memory by every process that reads them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import numpy as np

from common.json_files import write_json
from models.datasets.in_memory import InMemorySplit

_NAMES = "names.json"


def save_held(rows: InMemorySplit, folder: pathlib.Path) -> None:
    """Writes the rows into `folder`; the names of the columns come last."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "integers.npy", rows.integers)
    np.save(folder / "floats.npy", rows.floats)
    names = {
        "integers": rows.integer_names,
        "floats": rows.float_names,
        "integer_lists": rows.integer_lists,
        "float_lists": rows.float_lists,
    }
    write_json(folder / _NAMES, names)


def load_held(folder: pathlib.Path) -> InMemorySplit:
    """Maps the rows in `folder`; pages that processes share are in memory once.

    Raises:
      FileNotFoundError: `save_held` has not finished there.
    """
    names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
    return InMemorySplit(
        integer_names=tuple(names["integers"]),
        integers=np.load(folder / "integers.npy", mmap_mode="r"),
        float_names=tuple(names["floats"]),
        floats=np.load(folder / "floats.npy", mmap_mode="r"),
        integer_lists=_lists(names.get("integer_lists", [])),
        float_lists=_lists(names.get("float_lists", [])),
    )


def _lists(saved: list[list[Any]]) -> tuple[tuple[str, int], ...]:
    return tuple((name, length) for name, length in saved)
