"""What to type after a schema was proposed: commands that work as they are printed."""

from __future__ import annotations

import os
import pathlib
import shlex
from collections.abc import Iterator

from data.log.folders import names_in
from data.log.spans import date_of


def commands_after_infer(data: pathlib.Path, schema: pathlib.Path) -> list[str]:
    """The commands that hold a log against its schema, in order.

    A log that is no folder of spans becomes one first: only spans can be checked, and run.

    Args:
      data: what the schema was proposed from.
      schema: the file it was written to.
    """
    log = os.fspath(data)
    commands = []
    if not any(date_of(name) for name in names_in(log)):
        out = next(name for name in _new_folders() if not os.path.lexists(name))
        commands.append(_command("data spans", source=log, schema=schema, out=out))
        log = out
    commands.append(_command("schema check", data=log, schema=schema))
    return commands


def _new_folders() -> Iterator[str]:
    yield "log"
    number = 2
    while True:
        yield f"log-{number}"
        number += 1


def _command(name: str, **options: str | os.PathLike[str]) -> str:
    words = [f"--{option} {shlex.quote(os.fspath(value))}" for option, value in options.items()]
    return " ".join(["polyrank", name, *words])
