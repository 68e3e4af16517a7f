"""What a command that an error stopped tells machines."""

from __future__ import annotations

from pipeline.outcome import Outcome
from schemas.errors import PolyrankError


def failure(error: PolyrankError) -> dict[str, object]:
    """The JSON object of a command that `error` stopped."""
    outcome = Outcome.of(error)
    return {"status": outcome.status, "exit_code": outcome.value, "reason": str(error)}
