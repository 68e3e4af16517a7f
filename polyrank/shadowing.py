"""Refuses to import where a user's module shadows one of our packages.

Our packages have plain names (`models`, `data`), as in TFX's templates. Python searches the
current folder first, then PYTHONPATH, and an editable install last: there even a folder without
any Python file (a namespace package) comes first.
"""

from __future__ import annotations

import importlib.util
import os
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
"""Our other top-level packages."""

_previous_hook = sys.excepthook
_ROOT = pathlib.Path(__file__).absolute().parents[1]


class ShadowedPackageError(ImportError):
    """One of our packages can't be imported, because another module has its name."""


def check_packages() -> None:
    """Checks that Python finds every package of ours in the folder that holds this one.

    Raises:
      ShadowedPackageError: names the path that Python finds instead. If nothing catches the
        error, Python prints its message without a stack trace.
    """
    for name in PACKAGES:
        own = _ROOT / name / "__init__.py"
        found = _location(name)
        if found is not None and _same_file(found, str(own)):
            continue
        sys.excepthook = _print_message
        if found is None:
            raise ShadowedPackageError(f"{own.parent} is missing; install Polyrank again")
        path = os.path.abspath(found.removesuffix(f"{os.sep}__init__.py"))  # noqa: PTH100
        raise ShadowedPackageError(
            f"{path} shadows Polyrank's package '{name}' ({own.parent}); rename it, or run Python "
            "from another folder and without it in PYTHONPATH"
        )


def _location(name: str) -> str | None:
    """The file that `import name` runs, or the folder of a namespace package."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # Imported already, and without a spec.
        return getattr(sys.modules[name], "__file__", None) or f"sys.modules['{name}']"
    if spec is None:
        return None
    if spec.has_location:
        return spec.origin
    return next(iter(spec.submodule_search_locations or ()), None)


def _same_file(path: str, other: str) -> bool:
    # Installers link files (uv's link modes, Bazel), so paths may differ where files do not.
    try:
        return os.path.samefile(path, other)  # noqa: PTH121
    except OSError:
        return path == other


def _print_message(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if isinstance(error, ShadowedPackageError):
        sys.stderr.write(f"error: {error}\n")
    else:
        _previous_hook(kind, error, trace)
