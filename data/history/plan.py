"""A history's settings held against a contract: the columns that it reads, the lists it makes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pyarrow as pa

from common.settings import SettingsError
from common.suggestions import nearest
from data.history.config import HistoryConfig
from data.log.labels.label_gaps import gap_columns
from schemas.column import Column
from schemas.contract import Contract
from schemas.tags import Id, Numeric
from schemas.task_graph import Label

ARROW_TYPES = {"int": pa.int64(), "float": pa.float32(), "bytes": pa.string()}
ACTION, GAP, TIME = "action", "gap", "time"


@dataclasses.dataclass(frozen=True)
class HistoryPlan:
    """A history of a log.

    Attributes:
      contract: of the log.
      config: the settings.
      user: the contract's user_id.
      time: the contract's timestamp.
      labels: whose positives are events, in the order of `config.events`.
      values: the columns whose values at the event become lists.
    """

    contract: Contract
    config: HistoryConfig
    user: Column
    time: Column
    labels: tuple[Label, ...]
    values: tuple[Column, ...]

    def name(self, of: str) -> str:
        """The list's name: of a column, or of `ACTION`, `GAP` and `TIME`."""
        return f"{self.config.group}_{of}"

    @property
    def fields(self) -> tuple[pa.Field, ...]:
        """The lists that a row gets, in order."""
        kinds = {column.name: ARROW_TYPES[column.type] for column in self.values}
        kinds |= {ACTION: pa.string(), GAP: pa.int64()}
        return tuple(pa.field(self.name(of), pa.list_(kind)) for of, kind in kinds.items())

    @property
    def least_gap(self) -> int:
        """The least age of an event, in ticks of the timestamp: at least 1."""
        return max(1, self.config.delay * self.time.tags.ticks_per_second)

    @property
    def own_scenario(self) -> Column | None:
        """The scenario's column where only a row's own counts; None where all do."""
        return self.contract.scenario if self.config.scenario == "own" else None

    @property
    def reads(self) -> tuple[str, ...]:
        """The log's columns that events are made from, in the schema's order."""
        wanted = {self.user.name, self.time.name, *gap_columns(self.contract)}
        wanted |= {label.column for label in self.labels}
        wanted |= {column.name for column in self.values}
        wanted |= {self.own_scenario.name} if self.own_scenario else set()
        return tuple(column.name for column in self.contract.columns if column.name in wanted)


def item_candidates(contract: Contract, config: HistoryConfig) -> tuple[str, ...]:
    """The columns of which one is the item's id; several where only their values can say which."""
    if config.columns is not None:
        return ()
    return tuple(
        column.name
        for column in contract.features
        if column.side == "item" and isinstance(column.treatment, Id)
    )


def make_plan(
    contract: Contract, config: HistoryConfig, sizes: Mapping[str, int] | None = None
) -> HistoryPlan:
    """Holds settings against a contract.

    Args:
      contract: of the log.
      config: the settings.
      sizes: column -> number of its values, of `item_candidates`, where there are several.

    Raises:
      SettingsError: the log has no users or no time, a label or column is not there or can't be
        in a list, or a list's name is taken.
    """
    user, time = contract.user_id, contract.timestamp
    if user is None or time is None:
        role = "user_id" if user is None else "timestamp"
        what = "whose events they are" if user is None else "which events came before a row"
        raise SettingsError(
            f"no feature of the schema is tagged '{role}', so that nothing says {what}; tag the "
            f"column that does ('annotation {{ tag: \"{role}\" }}')"
        )
    if config.scenario == "own" and contract.scenario is None:
        raise SettingsError(
            "the history is to be of the row's own scenario, and no feature of the schema is "
            "tagged 'scenario'; take 'all'"
        )
    labels = {label.name: label for label in contract.tasks.labels}
    for name in config.events:
        if name not in labels:
            raise SettingsError(f"no label is called '{name}'; {nearest(name, labels)}")
    plan = HistoryPlan(
        contract,
        config,
        user,
        time,
        tuple(labels[name] for name in config.events),
        _values(contract, config, sizes),
    )
    _check_names(plan)
    return plan


def _values(
    contract: Contract, config: HistoryConfig, sizes: Mapping[str, int] | None
) -> tuple[Column, ...]:
    names = config.columns
    if names is None:
        candidates = item_candidates(contract, config)
        item = contract.item_id(sizes if sizes is not None else dict.fromkeys(candidates, 1))
        if item is None:
            raise SettingsError(
                "no feature of the schema is tagged 'item' and 'id', so that nothing says which "
                "column is the item; name the history's columns (--columns)"
            )
        names = (item.name,)
    known = [column.name for column in contract.columns]
    for name in names:
        if name not in known:
            raise SettingsError(f"no feature is called '{name}'; {nearest(name, known)}")
        _check_value(contract, contract.column(name))
    return tuple(contract.column(name) for name in names)


def _check_value(contract: Contract, column: Column) -> None:
    reason = ""
    if column.ragged:
        reason = "is a list, and lists of lists can't be read"
    elif column in (contract.user_id, contract.timestamp):
        reason = "is the same or known of every event: the lists are the user's, with the gaps"
    elif column.tags.truth is not None:
        reason = "holds true probabilities, which no log of impressions has"
    elif is_number(column) and not column.required:
        reason = (
            "is a number that may be missing, and a list has no place for a missing number: "
            "'presence { min_fraction: 1 }' and 'shape { dim { size: 1 } }' where every row has it"
        )
    if reason:
        raise SettingsError(f"column '{column.name}' {reason}; leave it out of the history")


def is_number(column: Column) -> bool:
    """Whether its values are numbers to be cut into quantiles, and no ids."""
    if isinstance(column.treatment, Numeric) or column.type == "float":
        return True
    return column.tags.label is not None and column.tags.label.above is not None


def _check_names(plan: HistoryPlan) -> None:
    taken = {column.name for column in plan.contract.columns}
    for field in plan.fields:
        if field.name in taken:
            raise SettingsError(
                f"the list would be called '{field.name}', and there is such a column already; "
                "give the group another name (--group)"
            )
        taken.add(field.name)
