"""Artifact types of our own components.

Their names are import paths too (`polyrank.SpanWindow`): on Kubeflow TFX finds the class by it.
"""

from tfx.types.artifact import Artifact


class SpanWindow(Artifact):
    """The dates a run learns from and is judged on.

    File `window.json`: `{"train": ["2026-01-01", ...], "eval": ["2026-01-08"]}`.
    """

    TYPE_NAME = "polyrank.SpanWindow"


class Quarantine(Artifact):
    """Refused rows as Parquet: the original columns, the reason, the file and the row."""

    TYPE_NAME = "polyrank.Quarantine"


class DataBlessing(Artifact):
    """Proof that the statistics of every split kept the contract's limits."""

    TYPE_NAME = "polyrank.DataBlessing"


class LeakReport(Artifact):
    """How well each feature alone ranks each output of the train rows, in `leaks.json`."""

    TYPE_NAME = "polyrank.LeakReport"


class BayesReport(Artifact):
    """The model's AUCs and those of the true probabilities, in `bayes.json`."""

    TYPE_NAME = "polyrank.BayesReport"


class GateResult(Artifact):
    """The verdict of every scenario x output with its reason, in `gate.json`."""

    TYPE_NAME = "polyrank.GateResult"


class ReferenceMetrics(Artifact):
    """Simple reference models' metrics on the run's own eval rows, and their scores by row id."""

    TYPE_NAME = "polyrank.ReferenceMetrics"


class ReferenceComparison(Artifact):
    """The candidate compared with the reference models on their rows, in `comparison.json`."""

    TYPE_NAME = "polyrank.ReferenceComparison"


class Registration(Artifact):
    """What was appended to the registry, or why nothing was."""

    TYPE_NAME = "polyrank.Registration"
