"""What the caller says about a log, where it is not to be guessed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from common.errors import PolyrankError
from common.suggestions import nearest

NONE = "none"
"""The word for a role that no column of the log has."""

ROLES = {
    "scenario": "all rows are one scenario",
    "time": "the split is by row, and not by time",
    "user": "no GAUC and no interval over users",
}
"""The roles that a log may lack, and what that means."""


class ChoiceError(PolyrankError, ValueError):
    """An option that names no column, or one column for two roles."""


@dataclasses.dataclass(frozen=True)
class Choices:
    """The columns of roles, by name.

    Attributes:
      user: the column that tells users apart; `none` for a log without; None to guess it.
      scenario: the scenario's column, or `none`, or None.
      time: the column of the impression's time, or `none`, or None.
      labels: the labels' columns; empty to guess them.
    """

    user: str | None = None
    scenario: str | None = None
    time: str | None = None
    labels: tuple[str, ...] = ()

    def of(self, role: str) -> str | None:
        """The choice for one of `ROLES`."""
        choices = {"user": self.user, "scenario": self.scenario, "time": self.time}
        return choices[role]

    def refuses(self, role: str) -> bool:
        """True where the log has no column of a role."""
        return self.of(role) == NONE

    def check(self) -> None:
        """Raises ChoiceError where one column has two roles, or is named twice."""
        found: dict[str, str] = {}
        for option, column in self._named():
            if column in found:
                raise ChoiceError(
                    f"'{column}' is named by {found[column]} and by {option}: a column has one role"
                )
            found[column] = option

    def check_columns(self, columns: Sequence[str]) -> None:
        """Raises ChoiceError for a name that is none of the log's `columns`."""
        for option, column in self._named():
            if column not in columns:
                raise ChoiceError(f"{option} '{column}' is no column; {nearest(column, columns)}")

    def _named(self) -> list[tuple[str, str]]:
        roles = [(f"--{role}", self.of(role)) for role in ROLES]
        named = [(option, name) for option, name in roles if name not in (None, NONE)]
        labels = [("--label", label) for label in self.labels]
        return [(option, name) for option, name in (*named, *labels) if name is not None]
