"""What users clicked before: the state of every user, and a day's rows in the order of time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.synthetic.logits import sigmoid
from data.synthetic.match import NO_ITEM
from data.synthetic.world import World

Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class ClicksBefore:
    """The last clicks before each of N moments (of N users, or of N rows).

    Attributes:
      items: int64 [N, L], the clicked items, the newest last; NO_ITEM before the first.
      times: int64 [N, L], the clicks' times in seconds; of no meaning before the first.
    """

    items: Ints
    times: Ints

    @classmethod
    def none(cls, count: int, length: int) -> ClicksBefore:
        """Of moments without any."""
        return cls(np.full((count, length), NO_ITEM, np.int64), np.zeros((count, length), np.int64))

    def at(self, positions: np.ndarray) -> ClicksBefore:
        """Those at the positions, int [M]; a copy."""
        return ClicksBefore(self.items[positions], self.times[positions])

    def push(self, positions: np.ndarray, items: np.ndarray, time: np.ndarray) -> None:
        """Adds a click each to those at the positions, which are all different."""
        for values, new in ((self.items, items), (self.times, time)):
            values[positions, :-1] = values[positions, 1:]
            values[positions, -1] = new

    def columns(self, category: np.ndarray, time: np.ndarray) -> dict[str, pa.Array]:
        """The log's columns of `columns.HISTORY`, each [N] lists.

        Args:
          category: int [I], of every item.
          time: int64 [N], of the rows.
        """
        there = self.items != NO_ITEM
        offsets = pa.array(np.concatenate([[0], np.cumsum(there.sum(axis=1))]), pa.int32())
        items, gap = self.items[there], (time[:, None] - self.times)[there]
        lists = (items, category[items], gap)
        names = ("history_item_id", "history_item_category", "history_gap")
        return {
            name: pa.ListArray.from_arrays(offsets, pa.array(values, pa.int64()))
            for name, values in zip(names, lists, strict=True)
        }


def rounds(user: np.ndarray, time: np.ndarray) -> Iterator[Ints]:
    """Yields the rows of every user's first moment, then those of every user's second, ...

    Args:
      user: int64 [N].
      time: int64 [N]; rows of a user at one time are one moment, so that none of them comes
        before another.

    Yields:
      Positions of rows, ascending; every row once.
    """
    order = np.lexsort((time, user))
    new_user = np.diff(user[order], prepend=-1) != 0
    moment = np.cumsum(new_user | (np.diff(time[order], prepend=-1) != 0))
    first = np.maximum.accumulate(np.where(new_user, moment, 0))
    number = np.empty(len(user), np.int64)
    number[order] = moment - first
    by_number = np.argsort(number, kind="stable")
    yield from np.split(by_number, np.cumsum(np.bincount(number))[:-1])


def draw_clicks(
    world: World,
    rows: dict[str, np.ndarray],
    logit: np.ndarray,
    uniform: np.ndarray,
    users: ClicksBefore,
) -> ClicksBefore:
    """Draws the clicks of rows one after the other, as each depends on those before.

    Args:
      world: the world.
      rows: `user_id`, `item_id` and `timestamp`, each int64 [N].
      logit: float64 [N], of the click without its clicks before.
      uniform: float64 [N]; a row is clicked where it is below the probability.
      users: the clicks of every user before all rows; the rows' clicks are added to it.

    Returns:
      The clicks before each row, strictly earlier in time.
    """
    user, item, time = (rows[name] for name in ("user_id", "item_id", "timestamp"))
    before = ClicksBefore.none(len(user), users.items.shape[1])
    for at in rounds(user, time):
        now = users.at(user[at])
        before.items[at], before.times[at] = now.items, now.times
        added = world.click_match(now.items, item[at])
        clicked = at[uniform[at] < sigmoid(logit[at] + added)]
        while len(clicked):
            # Of several clicks of a user at one time the first row's is the oldest.
            _, first = np.unique(user[clicked], return_index=True)
            users.push(user[clicked[first]], item[clicked[first]], time[clicked[first]])
            clicked = np.delete(clicked, first)
    return before
