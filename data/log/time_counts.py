"""How the log's rows lie in time."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class TimeCounts:
    """How many rows have each timestamp.

    Attributes:
      times: int64 [T], distinct and ascending.
      counts: int64 [T], >= 1.
    """

    times: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray) -> TimeCounts:
        """Counts the timestamps of rows, int64 [N]."""
        distinct, counts = np.unique(times, return_counts=True)
        return cls(distinct, counts)

    @classmethod
    def merged(cls, parts: list[TimeCounts]) -> TimeCounts:
        """Adds up the counts of several files."""
        if not parts:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        times, where = np.unique(np.concatenate([p.times for p in parts]), return_inverse=True)
        counts = np.bincount(where, np.concatenate([p.counts for p in parts]), len(times))
        return cls(times, counts.astype(np.int64))

    def by(self, ticks: int) -> TimeCounts:
        """Returns the counts of the times, cut off to whole multiples of `ticks`."""
        return TimeCounts.merged([TimeCounts(self.times - self.times % ticks, self.counts)])

    def before(self, time: int) -> TimeCounts:
        """Returns the counts of the rows before `time`."""
        end = np.searchsorted(self.times, time)
        return TimeCounts(self.times[:end], self.counts[:end])

    def start_of_last(self, fraction: float) -> int:
        """Returns the timestamp at which the last `fraction` of the rows begins.

        Of N rows in order of time, the last round(fraction * N), and at least one, are later. Rows
        with the very timestamp it falls on are all later. So it is as exact as `times`: where a
        survey has cut these off to whole seconds, it is the start of a second.
        """
        up_to = np.cumsum(self.counts)
        later = max(1, round(fraction * int(up_to[-1])))
        first = int(up_to[-1]) - later
        return int(self.times[np.searchsorted(up_to, first, side="right")])
