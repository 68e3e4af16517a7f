"""One line a component on the terminal, while the run goes on."""

from __future__ import annotations

import logging

import absl.logging
from rich.text import Text

from cli.common.progress import Progress
from components.span_window.complete import passed_over_lines
from pipeline.log_state import LogState
from pipeline.run_record import ComponentRecord, RunRecord

_RUNNING = "Component %s is running."
_FINISHED = "Component %s is finished."
_BETWEEN = "the next component"
_COLORS = {"done": "green", "cached": "cyan", "skipped": "yellow", "failed": "red"}


def component_line(record: ComponentRecord, width: int = 22) -> Text:
    """Says a component's outcome, seconds, rows and what else matters on one line."""
    rows = "" if record.rows is None else f"{record.rows:>10,} rows"
    return Text.assemble(
        f"  {record.name:<{width}}",
        (f"{record.outcome:<8}", _COLORS[record.outcome]),
        f"{record.seconds:>8.1f} s  {rows:<15}  {record.note}".rstrip(),
    )


def show_passed_over(log: LogState, progress: Progress) -> None:
    """Names the newest spans that the window does not end with, and why."""
    for line in passed_over_lines(log.found.passed_over):
        progress.print(f"  {line}", markup=False, soft_wrap=True)


class RunDisplay(logging.Handler):
    """Listens to the local runner's log, which names each component as it starts and ends."""

    def __init__(self, progress: Progress, record: RunRecord):
        """Makes a display that speaks by `progress` and takes the figures from `record`."""
        super().__init__(logging.INFO)
        self._progress = progress
        self._record = record
        self._component = ""

    def __enter__(self) -> RunDisplay:
        self._loggers = [logging.getLogger("absl"), logging.getLogger("polyrank.progress")]
        for logger in self._loggers:
            logger.setLevel(logging.INFO)
            logger.addHandler(self)
        # TensorFlow, when it saves a model, sets absl's logger back to this verbosity.
        self._verbosity = absl.logging.get_verbosity()
        absl.logging.set_verbosity(absl.logging.INFO)
        self._progress.work_on(_BETWEEN)
        return self

    def __exit__(self, *error: object) -> None:
        absl.logging.set_verbosity(self._verbosity)
        for logger in self._loggers:
            logger.removeHandler(self)
        if error[0] is not None and self._component:
            self._show(self._component)

    def emit(self, record: logging.LogRecord) -> None:
        """Shows what a log record says of the run, and passes over all others."""
        if record.name == "polyrank.progress":
            if record.levelno > logging.INFO:
                line = f"  {self._component}  {record.getMessage()}"
                self._progress.print(line, soft_wrap=True, markup=False)
            else:
                self._progress.detail(record.getMessage())
        elif record.msg == _RUNNING and isinstance(record.args, tuple):
            self._component = str(record.args[0])
            self._progress.work_on(self._component)
        elif record.msg == _FINISHED:
            self._show(self._component)
            self._component = ""
            self._progress.work_on(_BETWEEN)

    def _show(self, name: str) -> None:
        run_ids = self._record.run_ids()
        for component in self._record.components(run_ids[-1]) if run_ids else ():
            if component.name == name:
                self._progress.print(component_line(component), soft_wrap=True)
