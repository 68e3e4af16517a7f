"""Refuses to start where a folder of the user's stands in for one of our packages.

Our packages have plain names (`models`, `data`), as TFX's templates have. Python looks into the
current folder first, and an editable install last of all, where even a folder without any Python
file comes before it.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
from types import TracebackType

PACKAGES = (
    "common",
    "schemas",
    "data",
    "serving",
    "models",
    "components",
    "pipeline",
    "cli",
)
_ROOT = pathlib.Path(__file__).resolve().parents[1]


class ShadowedPackageError(ImportError):
    """Another folder would be imported instead of one of our packages; names it."""


def refuse_shadowed_packages() -> None:
    """Finds every package of ours where Python would find it.

    Raises:
      ShadowedPackageError: one of them lies elsewhere. Where nobody catches it, its message
        alone is printed: the stack trace would only lead here.
    """
    for name in PACKAGES:
        found = _location(name)
        if found != _ROOT / name:
            _print_message_only()
            what = f"{found} is imported instead of" if found else "nothing is found for"
            raise ShadowedPackageError(
                f"{what} Polyrank's package '{name}' ({_ROOT / name}); rename that folder, or "
                "start Python in another one and without it in PYTHONPATH"
            )


def _location(name: str) -> pathlib.Path | None:
    loaded = sys.modules.get(name)
    spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(name)
    if spec is None:
        return None
    # A folder without __init__.py is a namespace package, a file `models.py` no package at all.
    folders = list(spec.submodule_search_locations or [])
    place = folders[0] if folders else spec.origin
    return pathlib.Path(place).resolve() if place else None


def _print_message_only() -> None:
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, ShadowedPackageError):
            sys.stderr.write(f"error: {error}\n")
        else:
            before(kind, error, trace)

    sys.excepthook = hook
