"""What every column of a log is: its type, its tags, and the reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from data.inference.candidates import Chosen
from data.inference.choices import ROLES
from schemas.column import ColumnType


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
      note: of these reasons, what the terminal has to show; empty for an ordinary feature.
      value_count: of a list, the least and the most values of a row (None for any number); None
        for one value a row.
    """

    column: str
    type: ColumnType
    required: bool
    tags: tuple[str, ...]
    reason: str
    left_out: bool = False
    served: bool = True
    values: tuple[str, ...] = ()
    note: str = ""
    value_count: tuple[int, int | None] | None = None

    @property
    def has_role(self) -> bool:
        """True for a label, and for the column that is the user, the scenario or the time."""
        first = self.tags[0].partition(":")[0] if self.tags else ""
        return first in ("label", "user_id", "scenario", "timestamp")


@dataclasses.dataclass(frozen=True)
class Guesses:
    """All columns, in the log's order, and how each role was given.

    Attributes:
      columns: the columns.
      roles: `user`, `scenario` and `time` -> who got it; a role that the caller says no column
        has is not there.
      refused_labels: why columns that are named like an outcome are no labels.
      doubtful_labels: columns whose values alone would do for a label.
    """

    columns: tuple[Guess, ...]
    roles: dict[str, Chosen]
    refused_labels: Sequence[tuple[str, str]] = ()
    doubtful_labels: Sequence[str] = ()

    @property
    def has_label(self) -> bool:
        """True where a column is a label."""
        return any(tag.startswith("label:") for x in self.columns for tag in x.tags)

    def without_role(self) -> list[str]:
        """A line for each role that the caller says no column has."""
        return [f"{role}: none ({what})" for role, what in ROLES.items() if role not in self.roles]

    def saying(self, column: str, old: str, new: str) -> Guesses:
        """The same with other words in the reasons of one column."""
        return dataclasses.replace(
            self,
            columns=tuple(
                dataclasses.replace(
                    x, reason=x.reason.replace(old, new), note=x.note.replace(old, new)
                )
                if x.column == column
                else x
                for x in self.columns
            ),
        )

    def without(self, column: str, reason: str) -> Guesses:
        """The same with one column more left out, to which no list refers any more."""
        return dataclasses.replace(
            self,
            columns=tuple(
                dataclasses.replace(x, left_out=True, reason=reason, note="")
                if x.column == column
                else _without_reference(x, column)
                for x in self.columns
            ),
        )


def _without_reference(guess: Guess, column: str) -> Guess:
    """The guess of a list whose table, or whose values' weights, are not read."""
    dropped = {f"of={column}", f"weights={column}"}
    tags = tuple(_without_arguments(tag, dropped) for tag in guess.tags)
    if tags == guess.tags:
        return guess
    reason = f"{guess.reason} ('{column}' is left out: neither its table nor its weights are read)"
    return dataclasses.replace(guess, tags=tags, reason=reason)


def _without_arguments(tag: str, dropped: set[str]) -> str:
    kind, _, arguments = tag.partition(":")
    kept = [argument for argument in arguments.split(",") if argument not in dropped]
    return ":".join(filter(None, [kind, ",".join(kept)]))
