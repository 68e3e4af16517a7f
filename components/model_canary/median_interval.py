"""An interval of a median that supposes nothing of the values' distribution."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.stats


class MedianInterval(NamedTuple):
    """A sample's median and an interval of the median that it was drawn around.

    Attributes:
      median: of the sample.
      low: below the true median but for a probability of `alpha`; -inf with too few values.
      high: above it but for `alpha`; inf with too few values.
    """

    median: float
    low: float
    high: float


def median_interval(values: npt.ArrayLike, alpha: float) -> MedianInterval:
    """Returns the interval between two order statistics.

    The k-th smallest of n values is above the true median only if at most k - 1 of them are below
    it, and how many are is Binomial(n, 1/2) whatever their distribution, that of a busy machine's
    latencies too. k is the largest with ``P(Binomial(n, 1/2) <= k - 1) <= alpha`` (David and
    Nagaraja, Order Statistics, 3rd edition, section 7.1).

    Args:
      values: n independent values, [n].
      alpha: probability of error of either side.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    count = len(ordered)
    k = int((scipy.stats.binom.cdf(np.arange(count), count, 0.5) <= alpha).sum())
    low, high = (ordered[k - 1], ordered[count - k]) if k else (-np.inf, np.inf)
    return MedianInterval(float(np.median(ordered)), float(low), float(high))
