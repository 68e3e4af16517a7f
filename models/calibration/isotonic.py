"""Isotonic calibration: a rising curve of straight pieces from log-odds to log-odds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import logit
from sklearn.isotonic import isotonic_regression

from models.calibration.points import ALIKE, FEWEST_ROWS, Points

KNOTS = 20
"""Knots of a curve at most: bins of equally much weight."""


@dataclasses.dataclass(frozen=True)
class PiecewiseCurve:
    """A curve through knots, of one scenario and output.

    Between knots it is linear; beyond the outermost it goes on with slope 1, so that it moves
    as the model's own log-odds do.

    Attributes:
      knots: log-odds of the model, strictly rising, float64 [M] with M >= 1.
      values: calibrated log-odds at the knots, rising, float64 [M].
    """

    knots: np.ndarray
    values: np.ndarray

    def at(self, log_odds: np.ndarray) -> np.ndarray:
        """Returns the curve's values, float64 [n]."""
        inside = np.interp(log_odds, self.knots, self.values)
        return inside + (log_odds - np.clip(log_odds, self.knots[0], self.knots[-1]))

    def toward(self, pooled: PiecewiseCurve, weight: float) -> PiecewiseCurve:
        """Returns ``weight self + (1 - weight) pooled`` at the knots of the pooled curve."""
        mixed = weight * self.at(pooled.knots) + (1 - weight) * pooled.values
        return PiecewiseCurve(pooled.knots, mixed)

    def document(self) -> dict[str, Any]:
        """Returns the parameters as plain values."""
        return {"knots": self.knots.tolist(), "values": self.values.tolist()}


class PiecewiseCurves:
    """The curves of an output's scenarios in a graph.

    Args:
      curves: of the scenarios, in the order of their ids; all with the same knots.
    """

    def __init__(self, curves: Sequence[PiecewiseCurve]) -> None:
        knots = curves[0].knots
        values = np.stack([curve.values for curve in curves])
        self._knots = knots.astype(np.float32)
        self._first = values[:, 0].astype(np.float32)
        self._slopes = (np.diff(values, axis=1) / np.diff(knots)).astype(np.float32)

    def __call__(self, log_odds: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
        """Maps float32 [B], each row by the curve of its scenario, int [B]."""
        # Sums of terms that all rise with the log-odds: rounding can't make the curve fall.
        column = log_odds[:, tf.newaxis]
        below, above = self._knots[:-1], self._knots[1:]
        run = tf.maximum(tf.minimum(column, above), below) - below
        rise = tf.reduce_sum(tf.gather(tf.constant(self._slopes), scenario) * run, axis=1)
        first = tf.gather(tf.constant(self._first), scenario)
        before = tf.minimum(log_odds - self._knots[0], 0.0)
        behind = tf.maximum(log_odds - self._knots[-1], 0.0)
        return first + before + rise + behind


class IsotonicFit:
    """Fits curves by isotonic regression on bins (Zadrozny and Elkan, KDD 2002).

    The rows are binned by their log-odds, in bins of equally much weight: at most `KNOTS`, and no
    more than one for every `FEWEST_ROWS` rows of the rarer class, so that few rows leave an offset;
    bins whose log-odds differ by less than `ALIKE` are one. The bins' rates get one row more, with
    the rate of all, so that none is 0 or 1, and isotonic regression makes them rise. Where it makes
    several bins alike, one knot at the mean of their log-odds stands for them (centred isotonic
    regression, Oron and Flournoy, 2017), and so the curve rises everywhere: rows of one scenario
    are ranked as before, where steps would tie them.

    Args:
      pooled: rows of all scenarios; both classes are among them.
    """

    def __init__(self, pooled: Points) -> None:
        fitted = _curve(pooled)
        knots = _bins(pooled).log_odds
        self.pooled = PiecewiseCurve(knots, fitted.at(knots))

    def own(self, points: Points) -> PiecewiseCurve:
        """Returns the curve of one scenario's rows; both classes are among them."""
        return _curve(points)

    @staticmethod
    def in_graph(curves: Sequence[PiecewiseCurve]) -> PiecewiseCurves:
        """Returns the curves of all scenarios for a graph."""
        return PiecewiseCurves(curves)


@dataclasses.dataclass(frozen=True)
class _Bins:
    """Bins in the order of their log-odds: weighted means and sums of their rows, [M]."""

    log_odds: np.ndarray
    positive: np.ndarray
    weight: np.ndarray


def _bins(points: Points) -> _Bins:
    values, which = np.unique(points.log_odds, return_inverse=True)
    weights = np.bincount(which, points.weight)
    up_to = np.cumsum(weights)
    # Equal log-odds stay together, in the bin where the middle of their weight lies.
    most = min(max(points.rarer // FEWEST_ROWS, 1), KNOTS)
    place = ((up_to - weights / 2) / up_to[-1] * most).astype(np.int64)
    _, bins = np.unique(np.minimum(place, most - 1), return_inverse=True)
    weight = np.bincount(bins, weights)
    log_odds = np.bincount(bins, weights * values) / weight
    positive = np.bincount(bins[which], points.weight * points.positive)
    # In float32 no piece of the curve may lose its width.
    starts = np.flatnonzero(np.r_[True, np.diff(log_odds) >= ALIKE])
    total = np.add.reduceat(weight, starts)
    log_odds = np.add.reduceat(weight * log_odds, starts) / total
    return _Bins(log_odds, np.add.reduceat(positive, starts), total)


def _curve(points: Points) -> PiecewiseCurve:
    bins = _bins(points)
    row = float(points.weight.mean())
    base_rate = float(np.average(points.positive, weights=points.weight))
    weight = bins.weight + row
    rates = isotonic_regression((bins.positive + row * base_rate) / weight, sample_weight=weight)
    starts = np.flatnonzero(np.r_[True, rates[1:] > rates[:-1]])
    total = np.add.reduceat(weight, starts)
    knots = np.add.reduceat(weight * bins.log_odds, starts) / total
    return PiecewiseCurve(knots, logit(rates[starts]))
