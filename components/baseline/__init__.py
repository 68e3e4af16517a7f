"""Baseline: the last pushed version as an ordinary Model artifact, on every runner."""

from components.baseline.component import Baseline

__all__ = ["Baseline"]
