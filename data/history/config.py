"""What a history holds."""

from __future__ import annotations

import re
from typing import Any, Literal

import pydantic

from common.settings import Settings

_GROUP = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class HistoryConfig(Settings):
    """Which events become a row's history, and what is kept of them.

    Attributes:
      events: labels, by name: a row that is positive in one is an event. From the least valuable
        to the most: of a row that is positive in several, the last of them is its action.
      length: L, how many events a list has at most: the newest.
      columns: the columns whose values at the event become lists; None for the item's id.
      scenario: `all`: events of all scenarios; `own`: of the row's own only.
      delay: seconds until an event is known where a request is answered: younger ones are left
        out. 0 leaves out those of the row's own time only.
      group: the name of the lists' group, which their names begin with.
      buckets: how many quantiles the gaps (and other numbers) are cut into by a model.
    """

    events: tuple[str, ...]
    length: int = pydantic.Field(default=50, ge=1)
    columns: tuple[str, ...] | None = None
    scenario: Literal["all", "own"] = "all"
    delay: int = pydantic.Field(default=0, ge=0)
    group: str = "history"
    buckets: int = pydantic.Field(default=16, ge=1)

    @pydantic.field_validator("events", "columns")
    @classmethod
    def _several(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and (not value or len(set(value)) < len(value)):
            raise ValueError(f"{','.join(value)!r}: write one name or more, each once")
        return value

    @pydantic.field_validator("group")
    @classmethod
    def _a_name(cls, value: Any) -> Any:
        if not _GROUP.fullmatch(value):
            raise ValueError(f"{value!r}: write letters, digits and underscores, a letter first")
        return value
