"""What goes on: a spinner on a terminal, lines at intervals where nobody sees one."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.text import Text

SECONDS = 10.0
"""The longest silence of a log or pipe while something works. Less than the 15 s that are promised:
a busy machine, or an import, lets a thread wait."""


class Progress:
    """Says what works on a console; a context manager.

    On a terminal it is a spinner that vanishes. Elsewhere (a file, a pipe, a dumb terminal) a line
    `  Trainer … 45 s  epoch 2 of 4` is written whenever nothing was for `seconds`.
    """

    def __init__(self, console: Console, seconds: float | None = None) -> None:
        """Makes one that says nothing until it is entered; None stands for SECONDS."""
        self.console = console
        self._seconds = SECONDS if seconds is None else seconds
        self._status = console.status("") if console.is_interactive else None
        self._what = self._detail = ""
        self._since = self._spoke = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self.work_on(self._what)
        if self._status:
            self._status.start()
        else:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._status:
            self._status.stop()
        else:
            self._thread.join()

    def work_on(self, what: str) -> None:
        """Says that `what` works from now on."""
        self._what, self._detail = what, ""
        self._since = self._spoke = time.monotonic()
        self._update()

    def detail(self, text: str) -> None:
        """Says how far it is, in place of what was said before."""
        self._detail = text
        self._update()

    def print(self, *words: Any, **options: Any) -> None:
        """Prints as `Console.print` does."""
        self._spoke = time.monotonic()
        self.console.print(*words, **options)

    def _update(self) -> None:
        if self._status:
            # A status that wraps would leave half of itself behind.
            line = f"{self._what}  {self._detail}".rstrip()
            self._status.update(Text(line[: max(self.console.width - 4, 20)]))

    def _speak(self) -> None:
        while not self._ended.wait(max(self._spoke + self._seconds - time.monotonic(), 0.01)):
            now = time.monotonic()
            if now >= self._spoke + self._seconds:
                line = f"  {self._what} … {now - self._since:.0f} s  {self._detail}".rstrip()
                self.print(line, markup=False, soft_wrap=True)
