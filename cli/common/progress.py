"""What goes on: a spinner on a terminal, lines at intervals in a log or a pipe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

SECONDS = 10.0
"""The longest silence of a log or pipe while something works. Less than the 15 s that are promised:
a busy machine, or an import, lets a thread wait."""


class Progress:
    """Says what works on a console; a context manager.

    On a terminal it is a spinner that vanishes. Elsewhere (a file, a pipe, a dumb terminal) a line
    `  Trainer … 45 s  epoch 2 of 4` is written whenever nothing was for `seconds`.
    """

    def __init__(
        self,
        console: Console,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes one that says nothing until it is entered; None stands for SECONDS."""
        self.console = console
        self._seconds = SECONDS if seconds is None else seconds
        self._clock = clock
        self._spinner = Spinner("dots", style="status.spinner")
        # Redirected, what libraries print would go to the terminal, past the run's log.
        self._live = Live(
            self._spinner,
            console=console,
            refresh_per_second=12.5,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._what = self._detail = ""
        self._since = self._spoke = clock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._speak, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self.work_on(self._what)
        if self.console.is_interactive:
            self._live.start()
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
        if self.console.is_interactive:
            self._live.stop()
        else:
            self._thread.join()

    def work_on(self, what: str) -> None:
        """Says that `what` works from now on."""
        self._what, self._detail = what, ""
        self._since = self._spoke = self._clock()
        self._update()

    def detail(self, text: str) -> None:
        """Says how far it is, in place of what was said before."""
        self._detail = text
        self._update()

    def print(self, *words: Any, **options: Any) -> None:
        """Prints as `Console.print` does."""
        self._spoke = self._clock()
        self.console.print(*words, **options)

    def break_silence(self) -> float:
        """Says what works where nothing was said for the interval; returns the seconds left."""
        now = self._clock()
        if now >= self._spoke + self._seconds:
            line = f"  {self._what} … {now - self._since:.0f} s  {self._detail}".rstrip()
            self.print(line, markup=False, soft_wrap=True)
        return self._spoke + self._seconds - now

    def _update(self) -> None:
        # A line that wraps would leave half of itself behind.
        line = f"{self._what}  {self._detail}".rstrip()
        self._spinner.update(text=Text(line[: max(self.console.width - 4, 20)]))

    def _speak(self) -> None:
        left = self._seconds
        while not self._ended.wait(max(left, 0.01)):
            left = self.break_silence()
