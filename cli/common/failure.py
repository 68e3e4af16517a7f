"""What machines read of a command that an error stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import click

from common.errors import PolyrankError
from common.json_files import to_text
from pipeline.outcome import Outcome


@contextlib.contextmanager
def json_on_failure(wanted: bool) -> Iterator[None]:
    """Prints the JSON object of a user's error in its block, where `wanted`, and passes it on.

    Whoever reads JSON gets it whatever happens; people get the message from `main`.
    """
    try:
        yield
    except (PolyrankError, OSError) as error:
        if wanted:
            click.echo(to_text(failure(error)))
        raise


def failure(error: PolyrankError | OSError) -> dict[str, object]:
    """The JSON object of a command that `error` stopped."""
    outcome = Outcome.of(error)
    return {"status": outcome.status, "exit_code": outcome.value, "reason": str(error)}
