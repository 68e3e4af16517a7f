"""Histories of rows that are all in memory, from plain arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from data.history.windows import event_order, windows_before

TIMES = "times"
"""What the list of the events' own times is called."""


def histories(
    users: np.ndarray,
    times: np.ndarray,
    is_event: np.ndarray,
    values: Mapping[str, np.ndarray | pa.Array],
    length: int,
    least_gap: int = 1,
) -> dict[str, pa.ListArray]:
    """The earlier events of each row's user, oldest first; of more the newest `length`.

    Args:
      users: int64 [N], the rows' users; below 0 for a guest, who has no history.
      times: int64 [N], in ticks, in any order.
      is_event: bool [N], the rows that are events.
      values: name -> what the lists hold, [N].
      length: L, how many events a row has at most.
      least_gap: the least age of an event in ticks, >= 1; equal times never count.

    Returns:
      Name -> lists [N], aligned row by row, in the rows' order; and `TIMES`, the events' times.

    Example:
      A user's third row sees the first one, which was an event, and not the second:

      >>> lists = histories(
      ...     np.array([7, 7, 7]), np.array([10, 20, 30]), np.array([True, False, True]),
      ...     {"item": np.array([100, 200, 300])}, length=50,
      ... )
      >>> lists["item"].to_pylist()
      [[], [100], [100]]
    """
    users = np.where(users < 0, -1, users)
    rows = np.flatnonzero(is_event & (users >= 0))
    rows = rows[event_order(users[rows], times[rows])]
    windows = windows_before(users[rows], times[rows], users, times, length, least_gap)
    of_events = {**values, TIMES: times}
    places = pa.array(rows)
    return {
        name: windows.lists((pa.array(v) if isinstance(v, np.ndarray) else v).take(places))
        for name, v in of_events.items()
    }
