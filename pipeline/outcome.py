"""How a run can end, as exit statuses."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """The ways a run ends; the value is the exit status (2 is a wrong command line)."""

    PUSHED = 0
    ERROR = 1
    REFUSED_BY_GATE = 3
    BAD_DATA = 4
    CANARY_FAILED = 5

    @property
    def status(self) -> str:
        """Its name in JSON and on the last line: `pushed`, `refused by gate` ..."""
        return self.name.lower().replace("_", " ")
