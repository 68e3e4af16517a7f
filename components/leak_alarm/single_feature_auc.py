"""How well one raw column ranks an output without any other."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pyarrow as pa

from models.features.preprocessing import MISSING
from models.metrics.binary import weighted_auc
from models.metrics.gauc import grouped_auc
from schemas.contract import Column
from schemas.tags import Numeric

FOLDS = 5
_QUANTILES = 100
_SMOOTHING = 10.0
_MANY_ROWS = 50


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A column as numbers that can be counted and ranked.

    Attributes:
      codes: of the values, or of a number's quantiles; missing is a value too. int64 [N].
      size: codes are in [0, size).
      ranks: a number's ranks, once with the missing rows below all others and once above;
        int64 [N] each. Empty for what has no order.
    """

    codes: np.ndarray
    size: int
    ranks: tuple[np.ndarray, ...] = ()

    def at(self, rows: np.ndarray) -> Encoded:
        """Returns the rows at these positions."""
        ranks = tuple(rank[rows] for rank in self.ranks)
        return dataclasses.replace(self, codes=self.codes[rows], ranks=ranks)


def missing_rows(column: Column, values: np.ndarray) -> np.ndarray:
    """Where a raw column has no value, bool [N]."""
    return np.isnan(values) if column.type == "float" else values == MISSING[column.type]


def encode(column: Column, values: np.ndarray) -> Encoded:
    """Encodes a raw column.

    Args:
      column: its contract.
      values: int64, float32 or bytes [N]; `MISSING` stands for a missing value.
    """
    if not isinstance(column.treatment, Numeric):
        return encode_ids(values)
    return encode_numbers(values, missing_rows(column, values))


def encode_ids(values: np.ndarray) -> Encoded:
    """Encodes values without an order, int64 or bytes [N]."""
    encoded = pa.array(values).dictionary_encode()
    return Encoded(encoded.indices.to_numpy().astype(np.int64), len(encoded.dictionary))


def encode_numbers(values: np.ndarray, missing: np.ndarray) -> Encoded:
    """Encodes numbers [N] by their size; `missing` is bool [N]."""
    present = np.flatnonzero(~missing)
    known, rank = np.unique(values[present], return_inverse=True)
    below = np.full(len(values), -1)
    below[present] = rank
    above = np.where(missing, len(known), below)
    # Of equal values all have the place of the first, so that none is torn into two quantiles.
    first = np.cumsum(np.bincount(rank, minlength=len(known))) - np.bincount(rank)
    codes = np.full(len(values), _QUANTILES)
    codes[present] = first[rank] * _QUANTILES // max(len(present), 1)
    return Encoded(codes, _QUANTILES + 1, (below, above))


def single_feature_auc(encoded: Encoded, target: np.ndarray, weight: np.ndarray) -> float:
    """The AUC of the best ranking that the column gives by itself.

    Every column is ranked by the smoothed rates of its values in other folds (`rates_of_others`),
    so that a value seen once says nothing about its own label; a number also by its size, in
    whichever direction is better. Rates are ranked within each fold, and its AUCs averaged: over
    all folds at once, a fold with many positives would be ranked low for the others' fewer.

    Args:
      encoded: the column, [N].
      target: 0 or 1, [N].
      weight: above 0, [N].

    Returns:
      The area; 0.5 where the rows have but one class.
    """
    areas = [weighted_auc(target, rank, weight) for rank in encoded.ranks]
    areas += [1 - area for area in areas]
    folds = np.random.default_rng(0).integers(0, FOLDS, len(target))
    rates = rates_of_others(encoded.codes, encoded.size, target, weight, folds)
    areas.append(grouped_auc(target, rates, weight, folds).mean)
    return max((area for area in areas if math.isfinite(area)), default=0.5)


def rates_of_rows(encoded: Encoded, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The smoothed rate of each row's value, [N].

    Over the other folds' rows as `single_feature_auc` has it; but over all rows where a value
    has so many that its own label does not matter. Then equal values have equal rates, and
    rows can be ranked across folds.

    Args:
      encoded: the column, [N].
      target: 0 or 1, [N].
      weight: above 0, [N].
    """
    if len(target) < _MANY_ROWS * len(np.unique(encoded.codes)):
        folds = np.random.default_rng(0).integers(0, FOLDS, len(target))
        return rates_of_others(encoded.codes, encoded.size, target, weight, folds)
    total = np.bincount(encoded.codes, weight, encoded.size)
    positive = np.bincount(encoded.codes, weight * target, encoded.size)
    overall = positive.sum() / total.sum()
    rates: np.ndarray = (positive + _SMOOTHING * overall) / (total + _SMOOTHING)
    return rates[encoded.codes]


def rates_of_others(
    codes: np.ndarray, size: int, target: np.ndarray, weight: np.ndarray, folds: np.ndarray
) -> np.ndarray:
    """The smoothed rate of each row's value over the rows of all folds but its own, [N].

    With sums over these rows, ``(sum of w y + 10 r) / (sum of w + 10)``, r being their overall
    rate.

    Args:
      codes: the values, int [N], in [0, size).
      size: number of values.
      target: 0 or 1, [N].
      weight: above 0, [N].
      folds: int [N], in [0, FOLDS).
    """
    cells = folds * size + codes

    def of_others(values: np.ndarray) -> np.ndarray:
        sums = np.bincount(cells, values, FOLDS * size).reshape(FOLDS, size)
        return sums.sum(axis=0) - sums

    total, positive = of_others(weight), of_others(weight * target)
    overall = positive.sum(axis=1) / np.maximum(total.sum(axis=1), np.finfo(float).tiny)
    rates = (positive + _SMOOTHING * overall[:, np.newaxis]) / (total + _SMOOTHING)
    found: np.ndarray = rates[folds, codes]
    return found
