"""A measured difference, how sure it is, and what that says about a drop."""

from __future__ import annotations

import dataclasses
import math
from statistics import NormalDist

_NORMAL = NormalDist()


@dataclasses.dataclass(frozen=True)
class Difference:
    """Candidate less baseline on the same rows.

    Attributes:
      value: the difference; NaN where a side is not defined.
      error: its standard error; NaN where rows are too few to tell.
    """

    value: float
    error: float

    @property
    def known(self) -> bool:
        """Whether both numbers are finite."""
        return math.isfinite(self.value) and math.isfinite(self.error)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Returns the two-sided interval of the normal approximation."""
        half = _NORMAL.inv_cdf((1 + confidence) / 2) * self.error
        return self.value - half, self.value + half

    def p_below(self, limit: float) -> float:
        """Returns the one-sided p of "it is at least `limit`": small says that it is below.

        Without an error (both models score alike) it is 0 or 1; unknown numbers give 1.
        """
        if not self.known:
            return 1.0
        if self.error == 0:
            return 0.0 if self.value < limit else 1.0
        return _NORMAL.cdf((self.value - limit) / self.error)


UNKNOWN = Difference(math.nan, math.nan)
"""The difference of what is not defined."""
