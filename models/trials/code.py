"""The source that a trial's result depends on, as a digest."""

from __future__ import annotations

import functools
import pathlib

from common.source_digest import ROOT, code_digest
from common.source_imports import files_digest, imported_files
from models import registry
from models.own_architecture import is_own, own_architecture

_TRAINING = (
    "models.ranker",
    "models.training.fit",
    "models.training.loop",
    "models.training.scoring",
)
"""Where a trial begins, whatever its model."""

_COUNTED = ("models", "schemas.task_graph")

_WITHOUT_EFFECT = (
    # Each name stands for itself and for all that is below it.
    "models.explanation",
    "models.export",
    "models.features",
    "models.metrics",
    "models.npz_files",
    "models.references",
    "models.registry",
    "models.trials",
)
"""What rows a model reads is in the fingerprint of the rows, and what its scores are worth is
measured after it was trained."""

_WITH_EFFECT = ("models.features.inputs",)
"""What of `_WITHOUT_EFFECT` a model reads its rows with."""


@functools.lru_cache(maxsize=64)
def trial_code(model: str) -> str:
    """Digests the code that a trial of a model trains with, and no other.

    It is the architecture's module, the training's, and all that these import: layers, losses,
    steps, the reading of rows held in memory. Another architecture's code, metrics, export, trials
    and the command line have no part in it, nor have comments and docstrings. So a change
    there trains nothing again. That includes a change of how the monitor's metrics are computed.
    Of an architecture of the user's own, all its source counts.

    Args:
      model: the architecture's name.

    Raises:
      SettingsError: there is no such architecture.
    """
    return registry.with_own_source(files_digest(trial_files(model)), model)


def trial_files(model: str, root: pathlib.Path = ROOT) -> dict[str, pathlib.Path]:
    """Returns what `trial_code` digests, below `root`: sorted module -> its file."""
    module = registry.architecture(model).__module__
    # What lies outside of `root` is not followed.
    outside = own_architecture(model, "model").imports if is_own(model) else ()
    return imported_files([*_TRAINING, module, *outside], counts, root)


def counts(module: str) -> bool:
    """Whether a module of ours has an effect on what a trial trains."""
    if _is_in(module, _WITH_EFFECT):
        return True
    return _is_in(module, _COUNTED) and not _is_in(module, _WITHOUT_EFFECT)


def held_rows_code() -> str:
    """Digests the source that the transformed rows of trials are held with."""
    return code_digest(packages=("common", "schemas", "models"))


def _is_in(module: str, names: tuple[str, ...]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)
