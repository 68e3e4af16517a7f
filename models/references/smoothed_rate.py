"""The smoothed rate of one or more keys, such as a user's click rate.

The rate of a key's value v, seen with weights w and targets y, is drawn to the overall rate r
as if `smoothing` more rows of that rate had been seen; each key has a smoothing of its own:

    rate(v) = (sum of w y + smoothing r) / (sum of w + smoothing)

Several keys add up in log-odds: logit p = logit r + sum over keys of (logit rate(v) - logit r).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from models.metrics.binary import base_rate, weighted_log_loss
from models.references.table import Table

SMOOTHINGS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Tried for each key on validation; in rows of weight 1."""


@dataclasses.dataclass(frozen=True)
class SmoothedRate:
    """A fitted model.

    Attributes:
      keys: positions of its fields.
      smoothings: one a key.
      bias: log-odds of the overall rate.
      effects: log-odds added by each value of each key; [size] a key.
    """

    keys: tuple[int, ...]
    smoothings: tuple[float, ...]
    bias: float
    effects: tuple[np.ndarray, ...]

    def scores(self, table: Table) -> np.ndarray:
        """Returns the probabilities, [N]."""
        logits = np.full(len(table.target), self.bias)
        for key, effect in zip(self.keys, self.effects, strict=True):
            logits += effect[table.fields[:, key]]
        return 1 / (1 + np.exp(-logits))


def _logit(rate: np.ndarray) -> np.ndarray:
    return np.log(rate) - np.log1p(-rate)


def fit_smoothed_rate(
    train: Table, keys: Sequence[int], smoothings: Sequence[float]
) -> SmoothedRate:
    """Fits the rates of the fields at the positions `keys`.

    Args:
      train: must hold both classes, so that the overall rate has log-odds.
      keys: positions of fields.
      smoothings: rows of the overall rate added to each value, one number > 0 a key.
    """
    rate = base_rate(train.target, train.weight)
    bias = math.log(rate) - math.log1p(-rate)
    effects = []
    for key, smoothing in zip(keys, smoothings, strict=True):
        values, size = train.fields[:, key], train.sizes[key]
        total = np.bincount(values, train.weight, size)
        positive = np.bincount(values, train.weight * train.target, size)
        effects.append(_logit((positive + smoothing * rate) / (total + smoothing)) - bias)
    return SmoothedRate(tuple(keys), tuple(smoothings), bias, tuple(effects))


def tune_smoothed_rate(train: Table, validation: Table, keys: Sequence[int]) -> SmoothedRate:
    """Fits with every choice of SMOOTHINGS; returns the smallest log loss on validation."""
    fits = (
        fit_smoothed_rate(train, keys, smoothings)
        for smoothings in itertools.product(SMOOTHINGS, repeat=len(keys))
    )
    return min(
        fits,
        key=lambda fit: weighted_log_loss(
            validation.target, fit.scores(validation), validation.weight
        ),
    )
