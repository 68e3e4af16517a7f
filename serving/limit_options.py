"""The command line's options for what a request may hold, and for the port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from serving.limits import LARGEST_MESSAGE, Limits

PORT = click.IntRange(0, 2**16 - 1)
"""A port, 0 for a free one. gRPC would cut a larger number to 16 bits."""

_HELP = {
    "rows": "Rows of a request.",
    "elements": "Elements of a request's tensors.",
    "tensor_bytes": "Bytes that a request's tensors take in memory.",
    "message_bytes": "Bytes of a request.",
}


def limit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of `Limits` to a command, whose arguments are `max_rows` and so on."""
    for name, text in reversed(_HELP.items()):
        largest = LARGEST_MESSAGE if name == "message_bytes" else None
        command = click.option(
            f"--max-{name.replace('_', '-')}",
            default=getattr(Limits, name),
            show_default=True,
            type=click.IntRange(1, largest),
            help=text,
        )(command)
    return command
