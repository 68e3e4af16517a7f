"""Confidence intervals of one model's AUC, log loss and calibration."""

from __future__ import annotations

import math

import scipy.stats

from models.metrics.names import AUC, standard_error_key
from models.metrics.quality import Quality


def value_interval(quality: Quality, metric: str, confidence: float = 0.95) -> tuple[float, float]:
    """Returns the two-sided interval of a value.

    It is symmetric on the scale on which few positives spread evenly, the logit of the AUC and
    the logarithm of log loss and calibration, and its quantile is Student's with as many degrees
    of freedom as the rarer class has rows, less one. `benchmarks/interval_coverage.py` measures
    how often it holds the truth.

    Scores that separate the classes entirely have an AUC of 1 with a standard error of 0; its
    lower end is then Clopper and Pearson's, all of the rarer class's rows being placed rightly.

    Args:
      quality: the model's numbers.
      metric: a metric of `names.JUDGED`.
      confidence: share of intervals that hold the truth.

    Returns:
      The lower and the upper end; NaN where the standard error is not defined.
    """
    value = getattr(quality, metric)
    error = getattr(quality, standard_error_key(metric))
    rows = min(quality.positives, quality.negatives)
    if not (math.isfinite(value) and math.isfinite(error) and rows > 1):
        return math.nan, math.nan
    if metric == AUC and value in (0.0, 1.0):
        apart = ((1 - confidence) / 2) ** (1 / rows)
        return (apart, 1.0) if value else (0.0, 1.0 - apart)
    if error == 0:
        return value, value
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, rows - 1)) * error
    if metric == AUC:
        logit, half = math.log(value / (1 - value)), half / (value * (1 - value))
        return _expit(logit - half), _expit(logit + half)
    factor = math.exp(min(half / value, 700.0))
    return value / factor, value * factor


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(min(-logit, 700.0)))
