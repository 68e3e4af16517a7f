"""How well one column alone ranks a label: what is too good was known only afterwards."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from data.inference.outcomes.label_values import Label
from data.inference.sampling.profile import Profile

SUSPICIOUS_AUC = 0.8
"""Honest features rank alone far below; a person's own click rate reaches about 0.75."""

_BINS = 64
_LEAST_POSITIVES = 20
_PRIOR_ROWS = 10.0


def lone_auc(column: Profile, label: Label) -> float:
    """AUC of the label's rate within a value of the column, learned on half of the rows.

    Numbers of many values are cut into quantiles; a missing value is a value. The rates of
    even rows rank the odd rows, so that an id of one row each is worth nothing. Rows whose label
    is not known yet are left out.

    Returns:
      0.5 where the halves hold too few positives or negatives to tell.
    """
    codes = _bins(column)[label.known]
    target = label.target[label.known]
    even = np.arange(len(target)) % 2 == 0
    for half in (even, ~even):
        positives = target[half].sum()
        if min(positives, half.sum() - positives) < _LEAST_POSITIVES:
            return 0.5
    size = int(codes.max()) + 1
    rows = np.bincount(codes[even], minlength=size)
    positives = np.bincount(codes[even], target[even], size)
    rates = (positives + _PRIOR_ROWS * target[even].mean()) / (rows + _PRIOR_ROWS)
    return float(roc_auc_score(target[~even], rates[codes[~even]]))


def _bins(column: Profile) -> np.ndarray:
    """int64 [N] from 0; a missing value has a number of its own."""
    if column.type == "bytes" or column.distinct <= _BINS:
        return column.codes + 1
    numbers = column.numbers
    edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.where(np.isnan(numbers), 0, np.searchsorted(edges, numbers, side="right") + 1)
