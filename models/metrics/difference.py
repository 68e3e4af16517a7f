"""A measured difference, how sure it is, and what that says about a drop."""

from __future__ import annotations

import dataclasses
import math

import scipy.stats


@dataclasses.dataclass(frozen=True)
class Difference:
    """Candidate less baseline on the same rows.

    Attributes:
      value: the difference; NaN where a side is not defined.
      error: its standard error; NaN where it is not defined.
      draws: independent draws behind the error: users (rows, where there are none) that have
        what is compared (`Clusters.draws`). Quantiles are Student's with one degree of freedom
        fewer.
    """

    value: float
    error: float
    draws: float = math.inf

    @property
    def known(self) -> bool:
        """Whether value and error are finite, and more than one draw is behind them."""
        return math.isfinite(self.value) and math.isfinite(self.error) and self.draws > 1

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Returns the two-sided interval; NaN where the difference is not known."""
        if not self.known:
            return math.nan, math.nan
        half = float(scipy.stats.t.ppf((1 + confidence) / 2, self.draws - 1)) * self.error
        return self.value - half, self.value + half

    def p_below(self, limit: float) -> float:
        """Returns the one-sided p of "it is at least `limit`": small says that it is below.

        Without an error (both models score alike) it is 0 or 1; unknown numbers give 1.
        """
        if not self.known:
            return 1.0
        if self.error == 0:
            return 0.0 if self.value < limit else 1.0
        return float(scipy.stats.t.cdf((self.value - limit) / self.error, self.draws - 1))


UNKNOWN = Difference(math.nan, math.nan, 0)
"""The difference of what is not defined."""
