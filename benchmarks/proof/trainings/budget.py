"""The time that a sitting has: no training is started that would not end in it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable


class Budget:
    """Minutes from now on.

    A variant's training is expected to take as long as its longest one so far, in this sitting or
    else in the records; where it is the first, as long as the longest of any variant.

    Args:
      minutes: None for no limit.
      recorded: variant -> seconds of its longest recorded training; None where there is none.
      clock: seconds that only grow.
    """

    def __init__(
        self,
        minutes: float | None,
        recorded: Callable[[str], float | None] = lambda label: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._end = math.inf if minutes is None else clock() + 60 * minutes
        self._recorded = recorded
        self._seen: dict[str, float] = {}

    def has_time_for(self, label: str) -> bool:
        """Whether a training of that variant would end in time if it started now."""
        return self._clock() + self._expected(label) <= self._end

    def took(self, label: str, seconds: float) -> None:
        """Learns how long a training of a variant took."""
        self._seen[label] = max(seconds, self._seen.get(label, 0.0))

    def _expected(self, label: str) -> float:
        if label in self._seen:
            return self._seen[label]
        recorded = self._recorded(label)
        return max(self._seen.values(), default=0.0) if recorded is None else recorded
