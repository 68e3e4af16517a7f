"""Arrays under any names as one NPZ file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import IO

import numpy as np


def write_npz(file: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes what `numpy.load` reads; unlike `numpy.savez`, also an array called `file`."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.save(member, array, allow_pickle=False)
