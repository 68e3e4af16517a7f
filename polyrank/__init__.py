"""Polyrank: ranking models for many scenarios and many tasks.

`polyrank.api` is for programs, `python -m polyrank` is the command line. A compiled pipeline names
artifact types as `polyrank.SpanWindow`: such a title has room for one dot, and a step on Kubeflow
imports that name. Everything is imported on first use, because TFX takes seconds to import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from polyrank.shadowing import check_packages

check_packages()

if TYPE_CHECKING:
    from components.common.artifacts import (
        BayesReport,
        DataBlessing,
        GateResult,
        LeakReport,
        Quarantine,
        ReferenceComparison,
        ReferenceMetrics,
        Registration,
        SpanWindow,
    )
    from polyrank.api import compare, infer, predict, run, serve

__all__ = [
    "BayesReport",
    "DataBlessing",
    "GateResult",
    "LeakReport",
    "Quarantine",
    "ReferenceComparison",
    "ReferenceMetrics",
    "Registration",
    "SpanWindow",
    "compare",
    "infer",
    "predict",
    "run",
    "serve",
]


def __getattr__(name: str) -> Any:
    """Imports a function of the API or an artifact type (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'polyrank' has no attribute '{name}'")
    module = "components.common.artifacts" if name[0].isupper() else "polyrank.api"
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    """Lists the lazy names too."""
    return sorted({*globals(), *__all__})
