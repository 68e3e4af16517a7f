"""What every column of a log is: its type, its tags, and the reasons."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from data.inference import names, roles
from data.inference.labels import find_labels, task_graph
from data.inference.leaks import SUSPICIOUS_AUC, lone_auc
from data.inference.one_table import one_array
from data.inference.profile import Profile
from data.inference.sample import Sample
from schemas.column import ColumnType

_ALL_DIFFERENT = 0.9
_RARE, _FREQUENT = "id:min_count=2,oov=8", "id:min_count=5,oov=8"
_BUCKETS = 16


@dataclasses.dataclass(frozen=True)
class Guess:
    """What one column is believed to be.

    Attributes:
      column: its name.
      type: the contract's type.
      required: True where no row lacks it.
      tags: its annotation tags.
      reason: for people.
      left_out: True where the schema must not name it.
      served: True where a request carries it.
      values: of the scenario, the names of all.
    """

    column: str
    type: ColumnType
    required: bool
    tags: tuple[str, ...]
    reason: str
    left_out: bool = False
    served: bool = True
    values: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Guesses:
    """All columns, in the log's order, and the roles that none of them fills."""

    columns: tuple[Guess, ...]
    missing_roles: tuple[str, ...]


def guess(sample: Sample) -> Guesses:
    """Guesses what the columns of a sample are."""
    return _Guesser(sample).guess()


class _Guesser:
    """Finds the roles one after another: each rules columns out for the next."""

    def __init__(self, sample: Sample) -> None:
        self._columns = [
            Profile(name, one_array(sample.table.column(name)))
            for name in sample.table.column_names
        ]
        self._days = sample.days
        self._found: dict[str, Guess] = {}
        self._user: Profile | None = None
        self._item: Profile | None = None
        self._time: np.ndarray | None = None

    def guess(self) -> Guesses:
        self._leave_out_what_no_model_reads()
        timestamp = self._find_time()
        self._leave_out_counters(timestamp)
        self._find_ids()
        self._labels = find_labels(self._rest, self._side, self._clock)
        for label in task_graph(self._labels):
            self._put(label.column, (label.tag,), label.reason, served=False)
        self._leave_out_what_came_afterwards()
        scenario = roles.find_scenario(self._rest, self._labels, self._side, self._clock)
        if scenario is not None:
            self._put_scenario(scenario)
        for column in self._rest:
            self._put_feature(column)
        found = {
            "timestamp": timestamp, "user_id": self._user, "scenario": scenario,
            "label": self._labels,
        }  # fmt: skip
        return Guesses(
            tuple(self._found[column.name] for column in self._columns),
            tuple(role for role, column in found.items() if not column),
        )

    @property
    def _rest(self) -> list[Profile]:
        return [column for column in self._columns if column.name not in self._found]

    def _put(
        self,
        column: Profile,
        tags: Sequence[str],
        reason: str,
        *,
        as_type: ColumnType | None = None,
        left_out: bool = False,
        served: bool = True,
        values: tuple[str, ...] = (),
    ) -> None:
        # A list has no type in a contract; a column left out needs none.
        kind = as_type or column.type or "bytes"
        required = column.missing == 0
        self._found[column.name] = Guess(
            column.name, kind, required, tuple(tags), reason, left_out, served, values
        )

    def _leave_out(self, column: Profile, reason: str) -> None:
        self._put(column, self._treatment(column), reason, left_out=True)

    def _leave_out_what_no_model_reads(self) -> None:
        for column in self._columns:
            if pa.types.is_nested(column.values.type):
                self._put(column, (), f"{column.values.type} is no single value", left_out=True)
            elif column.distinct == 0:
                self._put(column, (), "it has no value in any row", left_out=True)
            elif column.type is None:
                self._put(column, (), f"no contract has {column.values.type}", left_out=True)

    def _find_time(self) -> Profile | None:
        role = roles.find_timestamp(self._rest, self._days)
        if role is None:
            return None
        self._time = roles.seconds(role.column, role.unit)
        self._put(role.column, (f"timestamp:unit={role.unit}",), role.reason, served=False)
        return role.column

    def _leave_out_counters(self, timestamp: Profile | None) -> None:
        for column in self._rest:
            stamped = pa.types.is_timestamp(column.values.type)
            if stamped or (self._time is not None and roles.follows_time(column, self._time)):
                reason = "it grows with the time: its values of tomorrow are in no log of today"
                self._leave_out(column, reason if not stamped else "another time; " + reason)
            elif column.type == "bytes" and column.distinct > _ALL_DIFFERENT * len(column.values):
                self._leave_out(column, "different in almost every row: it stands for the row")
            elif column.distinct == 1 and not names.has(column.name, names.SCENARIO):
                self._leave_out(column, f"it is '{column.texts[0]}' in every row that has it")

    def _find_ids(self) -> None:
        user = roles.find_user(self._rest, self._is_key)
        if user is not None:
            self._user = user.column
            tags = ("user_id", "user", "prior", self._id_tag(user.column))
            self._put(user.column, tags, _told("the person", user))
        item = roles.find_item(self._rest, self._is_key)
        if item is not None:
            self._item = item.column
            item_tags = ("item", "prior", self._id_tag(item.column))
            self._put(item.column, item_tags, _told("the item", item))

    @functools.cache  # noqa: B019 - a guesser lives as long as one guess.
    def _is_key(self, column: Profile) -> bool:
        others = (x for x in self._columns if x is not column and 1 < x.distinct < column.distinct)
        return any(column.determines(other) for other in others)

    @functools.cache  # noqa: B019
    def _side(self, column: Profile) -> str:
        if self._user is not None and self._user.determines(column):
            return "user"
        if self._item is not None and self._item.determines(column):
            return "item"
        return "context"

    def _clock(self, column: Profile) -> bool:
        return self._time is not None and roles.of_the_clock(column, self._time)

    def _leave_out_what_came_afterwards(self) -> None:
        for column in self._rest:
            ranked = [(lone_auc(column, label), label.name) for label in self._labels]
            best, label = max(ranked, default=(0.5, ""))
            leak = f"alone it ranks '{label}' with an AUC of {best:.3f}"
            if names.told_afterwards(column.name):
                told = f"; {leak}" if best > 0.6 else ""
                self._leave_out(column, f"a leak: its name says known afterwards{told}")
            elif best >= SUSPICIOUS_AUC:
                self._leave_out(column, f"a leak? {leak}: known only after the impression?")

    def _put_scenario(self, role: roles.Role) -> None:
        column = role.column
        order = np.argsort(-column.counts, kind="stable")
        values = tuple(column.texts[code] for code in order)
        reason = _told("the scenario", role)
        if column.type != "bytes":
            reason += "; the files hold numbers, which are read as texts: a scenario has a name"
        tags = ("scenario", "categorical", self._side(column))
        self._put(column, tags, reason, as_type="bytes", values=values)

    def _put_feature(self, column: Profile) -> None:
        side = self._side(column)
        if side == "context" and self._weighs(column):
            reason = "its name says the row's weight, none is below 0"
            self._put(column, ("weight",), reason, served=False)
            return
        reason = f"{column.distinct:,} values"
        if column.missing:
            reason += f", missing in {column.missing / len(column.values):.2%} of the rows"
        if side != "context":
            reason += f"; the {side} decides it"
        tags = [side, *self._treatment(column)]
        served = True
        if side == "context" and names.has(column.name, names.POSITION) and self._labels:
            default = _most_average(column, self._labels[0])
            tags.append(f"train_only:default={default}")
            served = False
            reason += (
                "; its name says position, known only in the log: serving and evaluation score "
                f"as at {default}, where '{self._labels[0].name}' is nearest to its average"
            )
        self._put(column, tags, reason, served=served)

    def _weighs(self, column: Profile) -> bool:
        named = column.type == "float" and names.weighs_rows(column.name)
        if not named or column.missing or column.numbers.min() < 0:
            return False
        # A contract has one weight: the first.
        return not any("weight" in found.tags for found in self._found.values())

    def _treatment(self, column: Profile) -> tuple[str, ...]:
        if column.type is None:
            return ()
        if column.type == "float":
            return (f"numeric:buckets={_BUCKETS}",)
        if column.distinct <= roles.MOST_CATEGORIES:
            return ("categorical",)
        named_id = names.has(column.name, names.ID)
        if column.type == "bytes" or named_id or self._is_key(column):
            return (self._id_tag(column),)
        return (f"numeric:buckets={_BUCKETS}",)

    def _id_tag(self, column: Profile) -> str:
        return _FREQUENT if np.median(column.counts) >= 5 else _RARE


def _told(what: str, role: roles.Role) -> str:
    return f"{'weak guess: ' if role.weak else ''}{what}: {role.reason}"


def _most_average(column: Profile, label: Profile) -> str:
    """The value whose rows have the label about as often as all rows."""
    rows = column.codes >= 0
    rates = np.bincount(column.codes[rows], label.numbers[rows]) / column.counts
    return column.texts[int(np.abs(rates - label.numbers.mean()).argmin())]
