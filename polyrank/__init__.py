"""Polyrank: ranking models of many scenarios and many tasks.

`polyrank.api` is for programs, `python -m polyrank` for people. A compiled pipeline names
artifact types as `polyrank.SpanWindow`: it has room for one dot, and a step on Kubeflow imports
that name. All names are imported when they are first used, since TFX takes seconds.
"""

from __future__ import annotations

import importlib
from typing import Any

from polyrank.shadowing import refuse_shadowed_packages

refuse_shadowed_packages()

_API = ("compare", "infer", "predict", "run", "serve")
_ARTIFACTS = (
    "BayesReport",
    "DataBlessing",
    "GateResult",
    "LeakReport",
    "Quarantine",
    "ReferenceMetrics",
    "Registration",
    "SpanWindow",
)
_MODULES = {
    **dict.fromkeys(_API, "polyrank.api"),
    **dict.fromkeys(_ARTIFACTS, "components.common.artifacts"),
}

__all__ = [*_API, *_ARTIFACTS]


def __getattr__(name: str) -> Any:
    """Imports a function of the API or an artifact type (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'polyrank' has no attribute '{name}'")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Lists the lazy names too."""
    return sorted({*globals(), *__all__})
