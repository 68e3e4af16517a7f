"""Why a row is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

MISSING = "missing"
"""The name of the rule that a required value is there."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """Why a row is refused.

    Attributes:
      name: the rule's short name, as in the quarantine.
      column: the column that breaks it.
      wanted: what the value should have been, for people.
      advice: what to do, for people; empty where `wanted` says it.
      lengths_of: the columns of lists whose lengths in the row are part of the value.
    """

    name: str
    column: str
    wanted: str
    advice: str = ""
    lengths_of: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Rule:
        """Reads what `dataclasses.asdict` and JSON made of it."""
        return cls(**{**values, "lengths_of": tuple(values["lengths_of"])})
