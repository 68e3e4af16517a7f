"""Whether `--debug` was given, for the commands that catch errors themselves."""

from __future__ import annotations

import dataclasses

import click


@dataclasses.dataclass(frozen=True)
class Debug:
    """The click context's object; `on` shows stack traces, and logs what libraries say."""

    on: bool = False


def debugging() -> bool:
    """True where the running command was called with `--debug`."""
    context = click.get_current_context(silent=True)
    found = context.find_object(Debug) if context else None
    return found is not None and found.on
