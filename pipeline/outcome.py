"""How a run can end, as exit statuses."""

from __future__ import annotations

import contextlib
import enum
import sys
from collections.abc import Iterator

from common.errors import BadDataError, PolyrankError
from components.model_registry.refused_push import RefusedPushError


class Outcome(enum.Enum):
    """The ways a command ends; the value is the exit status (2 is a wrong command line)."""

    PUSHED = 0
    ERROR = 1
    REFUSED_BY_GATE = 3
    BAD_DATA = 4
    CANARY_FAILED = 5
    REFUSED_BY_REGISTRY = 6

    @classmethod
    def of(cls, error: BaseException) -> Outcome:
        """How a command ends that `error` stopped: by bad data, by the registry, or in an error."""
        if isinstance(error, RefusedPushError):
            return cls.REFUSED_BY_REGISTRY
        return cls.BAD_DATA if isinstance(error, BadDataError) else cls.ERROR

    @property
    def status(self) -> str:
        """Its name in JSON and on the last line: `pushed`, `refused by gate` ..."""
        return self.name.lower().replace("_", " ")


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Ends the program on a user's error in its block: with its text, and no stack trace."""
    try:
        yield
    except PolyrankError as error:
        outcome = Outcome.of(error)
        sys.stderr.write(f"{outcome.status}: {error}\n")
        sys.exit(outcome.value)
