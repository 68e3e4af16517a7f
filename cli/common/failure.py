"""What machines read of a command that an error stopped."""

from __future__ import annotations

from common.errors import PolyrankError
from pipeline.outcome import Outcome


def failure(error: PolyrankError) -> dict[str, object]:
    """The JSON object of a command that `error` stopped."""
    outcome = Outcome.of(error)
    return {"status": outcome.status, "exit_code": outcome.value, "reason": str(error)}
