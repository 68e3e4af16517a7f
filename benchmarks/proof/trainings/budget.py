"""The time that a sitting has: no training is started that would not end in it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable


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
        return self._clock() + self.expected(label) <= self._end

    def took(self, label: str, seconds: float) -> None:
        """Learns how long a training of a variant took."""
        self._seen[label] = max(seconds, self._seen.get(label, 0.0))

    def expected(self, label: str) -> float:
        """Returns the seconds that a training of that variant should take; 0 where none ended."""
        if label in self._seen:
            return self._seen[label]
        recorded = self._recorded(label)
        return max(self._seen.values(), default=0.0) if recorded is None else recorded

    def left(self, labels: Iterable[str], processes: int) -> str:
        """Writes how many trainings are left, and how long they should take.

        Args:
          labels: of their variants.
          processes: trainings at a time.
        """
        seconds = [self.expected(label) for label in labels]
        minutes = math.ceil(sum(seconds) / processes / 60)
        return f"{len(seconds)} left" + (f", about {minutes} min" if minutes else "")
