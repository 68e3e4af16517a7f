"""Consoles on a stream, whose reader may go away."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console

_WIDTH_OF_A_FILE = 110


class _LastingConsole(Console):
    """A console that falls silent when its reader goes away, as in `polyrank run | head`.

    rich would end the thread that meets the broken pipe, be it the run's or the spinner's, and
    silence descriptor 1, which is the log's during a run.
    """

    def on_broken_pipe(self) -> None:
        """Discards what is printed from now on, and what the stream still holds."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


def console_on(stream: TextIO) -> Console:
    """A console that writes to `stream`, as wide as the terminal behind it.

    Where there is none (a log, a pipe) rich would take 80 columns and cut names off, and write
    control characters if FORCE_COLOR is set.
    """
    terminal = stream.isatty()
    width = None if terminal else _WIDTH_OF_A_FILE
    return _LastingConsole(file=stream, highlight=False, width=width, force_terminal=terminal)
