"""Histories day by day: what is carried from one day to the next, and the lists of a day."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.history.events import Rows
from data.history.plan import ACTION, HistoryPlan
from data.history.windows import Windows, event_order, windows_before


@dataclasses.dataclass(frozen=True)
class DayHistories:
    """The histories of a day's rows.

    Attributes:
      plan: what they hold.
      times: int64 [N], of the rows.
      windows: of the rows, in `events`.
      events: sorted by user (and scenario), then by time.
    """

    plan: HistoryPlan
    times: np.ndarray
    windows: Windows
    events: Rows

    def __len__(self) -> int:
        return len(self.times)

    def lists(self, start: int, stop: int) -> list[pa.Array]:
        """The lists of the rows from `start` up to `stop`, in the order of `plan.fields`."""
        windows = self.windows.rows(start, stop)
        found = event_lists(self.plan, windows, self.events)
        then = self.events.times[windows.places()]
        now = np.repeat(self.times[start:stop], windows.lengths)
        gaps = (now - then) // self.plan.time.tags.ticks_per_second
        lists = [*found.values()]
        return [*lists, pa.ListArray.from_arrays(lists[0].offsets, pa.array(gaps))]


def event_lists(plan: HistoryPlan, windows: Windows, events: Rows) -> dict[str, pa.Array]:
    """The lists of rows that do not depend on the rows' own times, by name.

    Args:
      plan: what they hold.
      windows: of the rows, in `events`.
      events: the events.
    """
    kinds = {field.name: field.type for field in plan.fields}
    found = {plan.name(name): windows.lists(x) for name, x in events.values.items()}
    actions = pa.array(events.actions[windows.places()], pa.int32())
    words = pa.DictionaryArray.from_arrays(actions, pa.array(plan.config.events, pa.string()))
    name = plan.name(ACTION)
    offsets = next(iter(found.values())).offsets
    found[name] = pa.ListArray.from_arrays(offsets, words.cast(pa.string()))
    return {name: _cast(lists, kinds[name]) for name, lists in found.items()}


def _cast(lists: pa.ListArray, kind: pa.DataType) -> pa.ListArray:
    return pa.ListArray.from_arrays(lists.offsets, lists.values.cast(kind.value_type))


class CarriedHistories:
    """Makes the histories of a log's days, which must come in order.

    It keeps of each user (and scenario) the events that a row of a later day can still see: the
    newest L, and those that are not old enough yet.
    """

    def __init__(self, plan: HistoryPlan) -> None:
        """Begins with no event."""
        self._plan = plan
        self._state = Rows.none(plan)

    def add_day(self, rows: Rows, end: int) -> DayHistories:
        """Returns the histories of a day's rows, and carries its events on.

        Args:
          rows: of the day, in any order.
          end: the first tick after the day; no later row may be earlier.
        """
        plan = self._plan
        # Most users of a long log are not there on a given day: theirs is left as it is.
        there = pc.is_in(self._state.users, value_set=rows.users)
        there = there.to_numpy(zero_copy_only=False)
        others = self._state.take(np.flatnonzero(~there))
        events = self._state.take(np.flatnonzero(there)).and_then(rows.events())
        keys, row_keys = _keys(plan, events, rows)
        order = event_order(keys, events.times)
        events, keys = events.take(order), keys[order]
        length, least_gap = plan.config.length, plan.least_gap
        windows = windows_before(keys, events.times, row_keys, rows.times, length, least_gap)
        self._state = others.and_then(_still_seen(plan, events, keys, end))
        return DayHistories(plan, rows.times, windows, events)

    def latest(self) -> tuple[Windows, Rows]:
        """The state: a window a user (and scenario), in the order of user and scenario; events."""
        events = self._state
        keys, _ = _keys(self._plan, events, events)
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        ends = np.append(firsts[1:], len(keys)).astype(np.int64)
        by_name = pa.table(
            {
                "user": events.users.take(pa.array(firsts)),
                "scenario": pa.array(events.scenarios[firsts]),
            }
        )
        names = [(name, "ascending") for name in by_name.column_names]
        order = pc.sort_indices(by_name, sort_keys=names).to_numpy()
        return Windows(firsts[order], ends[order]), events


def _keys(plan: HistoryPlan, events: Rows, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """A number for each user (and scenario): of the events, and of the rows; -1 for a guest."""
    codes = pa.concat_arrays([events.users, rows.users]).dictionary_encode().indices
    users = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    scenarios = np.concatenate((events.scenarios, rows.scenarios))
    count = len(plan.contract.scenarios)
    keys = np.where(users < 0, -1, users * count + scenarios)
    return keys[: len(events)], keys[len(events) :]


def _still_seen(plan: HistoryPlan, events: Rows, keys: np.ndarray, end: int) -> Rows:
    """The sorted events that a row from `end` on can see."""
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    sizes = np.diff(np.append(firsts, len(keys)))
    # Of each key the first events are old enough; the others are too young for a row at `end`.
    old = (
        np.add.reduceat(events.times <= end - plan.least_gap, firsts, dtype=np.int64)
        if len(firsts)
        else firsts
    )
    dropped = np.maximum(0, old - plan.config.length)
    kept = np.arange(len(keys)) >= np.repeat(firsts + dropped, sizes)
    return events.take(np.flatnonzero(kept))
