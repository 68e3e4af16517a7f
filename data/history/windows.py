"""Which events came before a row: the newest ones of its key, as a run in sorted events."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa

_END = 2**62
"""Keys and times that make larger numbers are too many for one int64."""


@dataclasses.dataclass(frozen=True)
class Windows:
    """For each row a run of events, which are sorted by key and then by time.

    Attributes:
      starts: int64 [N], the first event of each row's run, the oldest.
      ends: int64 [N], one after the last; `starts` where the row has none.
    """

    starts: np.ndarray
    ends: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many events each row has: int64 [N], in [0, length]."""
        return self.ends - self.starts

    def rows(self, start: int, stop: int) -> Windows:
        """Those of the rows from `start` up to `stop`, which is not among them."""
        return Windows(self.starts[start:stop], self.ends[start:stop])

    def places(self) -> np.ndarray:
        """The events of all rows, one row after the other, oldest first: int64 [sum of lengths]."""
        lengths = self.lengths
        before = np.cumsum(lengths) - lengths
        return np.arange(lengths.sum()) + np.repeat(self.starts - before, lengths)

    def lists(self, values: pa.Array) -> pa.ListArray:
        """The values of each row's events, oldest first.

        Args:
          values: of all events [E].

        Returns:
          Lists [N], none of them null; their offsets are the same for all values of one `Windows`.
        """
        offsets = np.zeros(len(self.starts) + 1, np.int32)
        np.cumsum(self.lengths, out=offsets[1:])
        return pa.ListArray.from_arrays(pa.array(offsets), values.take(pa.array(self.places())))


def event_order(keys: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Sorts events by key, then by time; events of one time keep their order: int64 [E]."""
    return np.lexsort((times, keys))


def windows_before(
    event_keys: np.ndarray,
    event_times: np.ndarray,
    keys: np.ndarray,
    times: np.ndarray,
    length: int,
    least_gap: int = 1,
) -> Windows:
    """Finds the newest events of each row's key that are old enough.

    Args:
      event_keys: int64 [E], >= 0, sorted as by `event_order`.
      event_times: int64 [E], in ticks.
      keys: int64 [N], of the rows; -1 for a row that has no key, and so no event.
      times: int64 [N], of the rows, in ticks.
      length: how many events a row has at most.
      least_gap: the least age of an event in ticks, >= 1: an event of the row's own time, such as
        the row itself, never is in its past.
    """
    if least_gap < 1:
        raise ValueError(f"least_gap is {least_gap}; with less than 1 a row would see itself")
    # Moved back to the last time that a row may see, so that an event of that time counts.
    places, rows = _one_number(event_keys, event_times, keys, times - least_gap)
    ends = np.searchsorted(places, rows, side="right")
    first = np.searchsorted(event_keys, keys)
    return Windows(np.maximum(first, ends - length), ends)


def _one_number(
    event_keys: np.ndarray, event_times: np.ndarray, keys: np.ndarray, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A number for each event and each row that sorts as its key and then its time."""
    both = np.concatenate((event_times, times))
    if not len(both):
        return event_keys, keys
    both = both - both.min()
    if (int(max(event_keys.max(initial=0), keys.max(initial=0))) + 1) * (
        int(both.max()) + 1
    ) >= _END:
        # Too many users or ticks for one number: only the times' order matters.
        _, both = np.unique(both, return_inverse=True)
    span = int(both.max()) + 1
    events = len(event_keys)
    return event_keys * span + both[:events], keys * span + both[events:]
