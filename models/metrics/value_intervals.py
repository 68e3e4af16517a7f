"""Confidence intervals of one model's AUC, log loss and calibration, and tests of limits."""

from __future__ import annotations

import math

import scipy.stats

from models.metrics.names import AUC, standard_error_key
from models.metrics.quality import Quality


def value_interval(quality: Quality, metric: str, confidence: float = 0.95) -> tuple[float, float]:
    """Returns the two-sided interval of a value.

    It is symmetric on the scale on which few positives spread evenly, the logit of the AUC and
    the logarithm of log loss and calibration, and its quantile is Student's with as many degrees
    of freedom as there are `Quality.draws` (users with a row of the rarer class), less one.
    `benchmarks/interval_coverage.py` measures how often it holds the truth.

    Scores that separate the classes entirely have an AUC of 1 with a standard error of 0; its
    lower end is then Clopper and Pearson's, all of the draws being placed rightly.

    Args:
      quality: the model's numbers.
      metric: a metric of `names.JUDGED`.
      confidence: share of intervals that hold the truth.

    Returns:
      The lower and the upper end; NaN where the standard error is not defined.
    """
    value = getattr(quality, metric)
    error = getattr(quality, standard_error_key(metric))
    draws = _draws(quality)
    if not (math.isfinite(value) and math.isfinite(error) and draws > 1):
        return math.nan, math.nan
    if metric == AUC and value in (0.0, 1.0):
        apart = ((1 - confidence) / 2) ** (1 / draws)
        return (apart, 1.0) if value else (0.0, 1.0 - apart)
    if error == 0:
        return value, value
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, draws - 1)) * error
    if metric == AUC:
        logit, half = math.log(value / (1 - value)), half / (value * (1 - value))
        return _expit(logit - half), _expit(logit + half)
    factor = math.exp(min(half / value, 700.0))
    return value / factor, value * factor


def p_below(quality: Quality, metric: str, limit: float) -> float:
    """Returns the one-sided p of "the value is at least `limit`": small says that it is below.

    It is below (1 - c) / 2 where the upper end of `value_interval` with confidence c is below the
    limit. Without an error it is 0 or 1, and NaN where the error is not defined.

    Args:
      quality: the model's numbers.
      metric: a metric of `names.JUDGED`.
      limit: what it should be at least.
    """
    return _p(quality, metric, limit, below=True)


def p_above(quality: Quality, metric: str, limit: float) -> float:
    """Returns the one-sided p of "the value is at most `limit`": see `p_below`."""
    return _p(quality, metric, limit, below=False)


def _p(quality: Quality, metric: str, limit: float, *, below: bool) -> float:
    value = getattr(quality, metric)
    error = getattr(quality, standard_error_key(metric))
    draws = _draws(quality)
    if not (math.isfinite(value) and math.isfinite(error) and draws > 1):
        return math.nan
    if metric == AUC and value in (0.0, 1.0):
        # That every one of the draws is placed so if the limit is true.
        at_limit = min(max(1 - limit if below else limit, 0.0), 1.0)
        return at_limit**draws if below == (value == 0.0) else 1.0
    if error == 0:
        outside = value < limit if below else value > limit
        return 0.0 if outside else 1.0
    scaled, error = _on_scale(metric, value), error * _slope(metric, value)
    distance = (scaled - _on_scale(metric, limit)) / error
    return float(scipy.stats.t.cdf(distance if below else -distance, draws - 1))


def _draws(quality: Quality) -> float:
    return min(quality.positives, quality.negatives, quality.draws)


def _on_scale(metric: str, value: float) -> float:
    if value <= 0:
        return -math.inf
    if metric != AUC:
        return math.log(value)
    return math.log(value / (1 - value)) if value < 1 else math.inf


def _slope(metric: str, value: float) -> float:
    return 1 / (value * (1 - value)) if metric == AUC else 1 / value


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(min(-logit, 700.0)))
