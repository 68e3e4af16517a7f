"""What a run had pushed when it was killed, before ML Metadata knew of it."""

from __future__ import annotations

import os

from tfx.dsl.io import fileio

from components.model_registry import registry
from components.model_registry.places import OutsideError, located
from components.model_registry.publish import settle
from components.model_registry.registry import Entry

_CHUNK = 1 << 20


def pushed_before(registry_path: str, fingerprint: str, model_path: str) -> Entry | None:
    """Returns the live version where this run has pushed it and it is this model, else None.

    Pushed once more it would be its own predecessor, and a rollback would change nothing. The
    fingerprint alone does not say so: a training that is repeated may end with other weights.

    Args:
      registry_path: the registry, local or remote.
      fingerprint: the run's.
      model_path: the folder of the candidate's SavedModel.

    Raises:
      RegistryError: the registry can't be read.
    """
    settle(registry_path)
    known = registry.entries(registry_path)
    if not known or known[-1].run_fingerprint != fingerprint or known[-1].rollback_of:
        return None
    try:
        place = located(registry_path, known[-1].pushed_destination)
    except OutsideError:
        return None
    return known[-1] if _equal(model_path, place) else None


def _equal(one: str, other: str) -> bool:
    files = _files(one)
    return files == _files(other) and all(_equal_files(f"{one}/{x}", f"{other}/{x}") for x in files)


def _files(folder: str) -> set[str]:
    """The files below a folder, relative to it; none where there is no folder."""
    return {
        os.path.relpath(f"{parent}/{name}", folder)
        for parent, _, names in fileio.walk(folder)
        for name in names
    }


def _equal_files(one: str, other: str) -> bool:
    with fileio.open(one, "rb") as mine, fileio.open(other, "rb") as theirs:
        while chunk := mine.read(_CHUNK):
            if theirs.read(_CHUNK) != chunk:
                return False
        return not theirs.read(1)
