"""The rows of one day as events: who, when, what was done, with what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.history.plan import HistoryPlan
from data.log.labels.gap_filling import filled
from data.log.labels.label_gaps import GapCounts
from data.log.labels.label_rows import label_rows
from schemas.column import Column

_LARGE = {"int": pa.int64(), "float": pa.float32(), "bytes": pa.large_binary()}
"""A state of many users may hold more than the 2 GB of text that 32-bit offsets reach."""

_FILL = {"int": -1, "float": 0.0, "bytes": b""}
"""What an event without a value has in its list, which may have no gaps: out of vocabulary."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows, or the events among rows.

    Attributes:
      users: int64 or large_binary [N], null for a guest.
      scenarios: int16 [N], the scenario's place among the contract's; 0 where all count.
      times: int64 [N], in ticks.
      actions: int16 [N], the place of the action among the events; -1 where the row is none.
      values: column -> its values [N], none of them null.
    """

    users: pa.Array
    scenarios: np.ndarray
    times: np.ndarray
    actions: np.ndarray
    values: Mapping[str, pa.Array]

    def __len__(self) -> int:
        return len(self.times)

    def take(self, places: np.ndarray) -> Rows:
        """The rows at `places`, int64 [M], in that order."""
        where = pa.array(places)
        return Rows(
            self.users.take(where),
            self.scenarios[places],
            self.times[places],
            self.actions[places],
            {name: values.take(where) for name, values in self.values.items()},
        )

    def events(self) -> Rows:
        """The rows that are events of a user, in their order."""
        known = self.users.is_valid().to_numpy(zero_copy_only=False)
        return self.take(np.flatnonzero((self.actions >= 0) & known))

    def and_then(self, later: Rows) -> Rows:
        """These rows and behind them `later`."""
        return Rows(
            pa.concat_arrays([self.users, later.users]),
            np.concatenate((self.scenarios, later.scenarios)),
            np.concatenate((self.times, later.times)),
            np.concatenate((self.actions, later.actions)),
            {
                name: pa.concat_arrays([values, later.values[name]])
                for name, values in self.values.items()
            },
        )

    @classmethod
    def none(cls, plan: HistoryPlan) -> Rows:
        """No row."""
        return cls(
            pa.array([], _LARGE[plan.user.type]),
            np.zeros(0, np.int16),
            np.zeros(0, np.int64),
            np.zeros(0, np.int16),
            {column.name: pa.array([], _LARGE[column.type]) for column in plan.values},
        )


def rows_of_day(
    plan: HistoryPlan, columns: Mapping[str, pa.Array], date: str, refused: np.ndarray | None = None
) -> Rows:
    """Reads the rows of one day.

    Labels are read as a run reads them (`data.log.labels.label_gaps`): a gap that is unknown is
    no event, and a span that a label is left out of has no event of it.

    Args:
      plan: the history.
      columns: `plan.reads`, in the contract's types, each [N].
      date: the day.
      refused: bool [N], rows that break the contract: they are no events, and have no history;
        None where no row does.
    """
    contract = plan.contract
    gaps = GapCounts()
    gaps.count(contract, columns, date)
    columns = filled(contract, columns, date, gaps.decide(contract))
    times = columns[plan.time.name]
    actions = np.full(len(times), -1, np.int16)
    for place, label in enumerate(plan.labels):
        actions[label_rows(contract, label, columns[label.column]).positive] = place
    users = columns[plan.user.name].cast(_LARGE[plan.user.type])
    if refused is not None and refused.any():
        users = pc.if_else(pa.array(refused), pa.scalar(None, users.type), users)
    return Rows(
        users,
        _scenarios(plan, columns),
        pc.fill_null(times, 0).to_numpy(zero_copy_only=False),
        actions,
        {column.name: _values(column, columns[column.name]) for column in plan.values},
    )


def _scenarios(plan: HistoryPlan, columns: Mapping[str, pa.Array]) -> np.ndarray:
    scenario = plan.own_scenario
    if scenario is None:
        return np.zeros(len(columns[plan.time.name]), np.int16)
    names = pa.array([name.encode() for name in scenario.values], pa.binary())
    places = pc.index_in(columns[scenario.name].cast(pa.binary()), value_set=names)
    return np.asarray(pc.fill_null(places, 0).to_numpy(zero_copy_only=False).astype(np.int16))


def _values(column: Column, values: pa.Array) -> pa.Array:
    kind = _LARGE[column.type]
    return pc.fill_null(values.cast(kind), pa.scalar(_FILL[column.type], kind))
