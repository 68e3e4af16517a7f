"""What repeated trainings say: intervals over seeds, and tests of differences paired by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import scipy.stats

CONFIDENCE = 0.95
Key = TypeVar("Key")


class Interval(NamedTuple):
    """A mean over seeds and its confidence interval `mean - half` to `mean + half`.

    Attributes:
      mean: NaN without a value.
      half: half the interval's width; NaN with fewer than two values.
      seeds: number of values.
    """

    mean: float
    half: float
    seeds: int


class PairedDifference(NamedTuple):
    """A difference of two models over the seeds that both have.

    Attributes:
      interval: of the difference.
      p: of the paired t-test that the mean difference is 0, two-sided; NaN with fewer than
        two seeds.
    """

    interval: Interval
    p: float


def mean_interval(values: Sequence[float]) -> Interval:
    """The 95 % interval of Student's t around the mean; NaNs are left out."""
    kept = np.array([value for value in values if not math.isnan(value)], np.float64)
    count = len(kept)
    if not count:
        return Interval(math.nan, math.nan, 0)
    if count == 1:
        return Interval(float(kept[0]), math.nan, 1)
    quantile = scipy.stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)
    half = quantile * kept.std(ddof=1) / math.sqrt(count)
    return Interval(float(kept.mean()), float(half), count)


def paired_difference(
    model: Mapping[int, float], baseline: Mapping[int, float]
) -> PairedDifference:
    """Compares two models on the seeds that both have; both are seed -> value."""
    differences = [model[seed] - baseline[seed] for seed in sorted(set(model) & set(baseline))]
    differences = [value for value in differences if not math.isnan(value)]
    interval = mean_interval(differences)
    if interval.seeds < 2:
        return PairedDifference(interval, math.nan)
    if not any(differences):
        # Equal on every seed: the statistic is 0 / 0, and nothing speaks for a difference.
        return PairedDifference(interval, 1.0)
    with np.errstate(divide="ignore"):
        p = scipy.stats.ttest_1samp(differences, 0.0).pvalue
    return PairedDifference(interval, float(p))


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Returns the p-values adjusted for being many (Holm, 1979).

    The i-th smallest of n, from 0, is multiplied by n - i, kept at most 1 and never below a
    smaller one's. Calling what is below alpha an effect is then wrong anywhere at all with a
    probability of at most alpha, whatever the tests have to do with each other.

    Args:
      p_values: of every test; a NaN stays one and does not count.
    """
    known = [(p, key) for key, p in p_values.items() if not math.isnan(p)]
    known.sort(key=lambda item: item[0])
    adjusted = dict(p_values)
    largest = 0.0
    for rank, (p, key) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[key] = largest
    return adjusted
