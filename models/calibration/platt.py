"""Platt's calibration: a line from log-odds to log-odds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.calibration.points import ALIKE, FEWEST_ROWS, Points

_CERTAIN = 50.0
"""Log-odds whose probability is beyond every target, however many rows there are."""


@dataclasses.dataclass(frozen=True)
class Line:
    """``z -> slope z + offset``, of one scenario and output.

    Attributes:
      slope: above 0.
      offset: what is added.
    """

    slope: float
    offset: float

    def toward(self, pooled: Line, weight: float) -> Line:
        """Returns the curve ``weight self + (1 - weight) pooled``, which is a line too."""
        return Line(
            weight * self.slope + (1 - weight) * pooled.slope,
            weight * self.offset + (1 - weight) * pooled.offset,
        )

    def document(self) -> dict[str, Any]:
        """Returns the parameters as plain values."""
        return dataclasses.asdict(self)


class Lines:
    """The lines of an output's scenarios in a graph.

    Args:
      lines: of the scenarios, in the order of their ids.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._slopes = np.array([line.slope for line in lines], np.float32)
        self._offsets = np.array([line.offset for line in lines], np.float32)

    def __call__(self, log_odds: tf.Tensor, scenario: tf.Tensor) -> tf.Tensor:
        """Maps float32 [B], each row by the line of its scenario, int [B]."""
        slopes = tf.gather(tf.constant(self._slopes), scenario)
        return slopes * log_odds + tf.gather(tf.constant(self._offsets), scenario)


class PlattFit:
    """Fits lines by maximum likelihood (Platt, Advances in Large Margin Classifiers, 1999).

    A row's target is ``(n1 + 1) / (n1 + 2)`` where it is positive and ``1 / (n0 + 2)`` where
    not, over n1 positive and n0 negative rows (Platt's eq. 11): no line is infinitely steep,
    however few rows there are. The rows' weights count besides.

    A line must rise, or the calibrated scores would rank rows the other way round, and its slope
    needs rows: the most likely one through two or three that are close together is so steep that
    no shrinkage makes it harmless. Where it does not rise, or the rarer class has fewer than
    `FEWEST_ROWS` rows, the slope is the pooled line's (1 for the pooled one) and the offset alone
    is fitted.

    Args:
      pooled: rows of all scenarios; both classes are among them.
    """

    def __init__(self, pooled: Points) -> None:
        self.pooled = _line(pooled, 1.0)

    def own(self, points: Points) -> Line:
        """Returns the line of one scenario's rows; both classes are among them."""
        return _line(points, self.pooled.slope)

    @staticmethod
    def in_graph(curves: Sequence[Line]) -> Lines:
        """Returns the curves of all scenarios for a graph."""
        return Lines(curves)


def _line(points: Points, slope: float) -> Line:
    high = (points.positives + 1) / (points.positives + 2)
    low = 1 / (points.negatives + 2)
    target = np.where(points.positive, high, low)
    if points.rarer >= FEWEST_ROWS:
        fitted = _most_likely(points.log_odds, target, points.weight)
        # A comparison with NaN is false.
        if fitted is not None and fitted.slope > 0 and math.isfinite(fitted.offset):
            return fitted
    return Line(slope, _offset(slope * points.log_odds, target, points.weight))


def _most_likely(log_odds: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Line | None:
    """The line without a penalty; None where the log-odds are all alike."""
    spread = float(log_odds.std())
    if spread < ALIKE:
        return None
    middle = float(log_odds.mean())
    scaled = ((log_odds - middle) / spread)[:, np.newaxis]
    # A target between 0 and 1 is a row of either class.
    model = LogisticRegression(penalty=None, solver="newton-cholesky", tol=1e-8, max_iter=100)
    model.fit(
        np.concatenate([scaled, scaled]),
        np.repeat([1, 0], len(target)),
        np.concatenate([weight * target, weight * (1 - target)]) / weight.mean(),
    )
    slope = float(model.coef_[0, 0]) / spread
    return Line(slope, float(model.intercept_[0]) - slope * middle)


def _offset(log_odds: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """The offset with which the mean probability is the mean target."""

    def excess(offset: float) -> float:
        return float(weight @ (expit(log_odds + offset) - target)) / float(weight.sum())

    lowest, highest = -_CERTAIN - float(log_odds.max()), _CERTAIN - float(log_odds.min())
    return float(brentq(excess, lowest, highest, xtol=1e-10))
