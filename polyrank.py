"""Our artifact types by the names that Kubeflow knows them by: TFX imports `polyrank.SpanWindow`.

A compiled pipeline has room for one dot in a type's name, and a step reads its inputs back by
importing that name.
"""

from components.artifacts import (
    BayesReport,
    DataBlessing,
    GateResult,
    LeakReport,
    Quarantine,
    ReferenceMetrics,
    Registration,
    SpanWindow,
)

__all__ = [
    "BayesReport",
    "DataBlessing",
    "GateResult",
    "LeakReport",
    "Quarantine",
    "ReferenceMetrics",
    "Registration",
    "SpanWindow",
]
