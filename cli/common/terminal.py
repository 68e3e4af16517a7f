"""Keeps the terminal for people: whatever libraries print goes to the run's log file."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import sys
import warnings
from collections.abc import Iterator
from typing import TextIO

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.common.standard_streams import open_closed_streams

_NOWHERE = pathlib.Path(os.devnull)
_OURS = frozenset(
    ("cli", "common", "components", "data", "models", "pipeline", "polyrank", "schemas", "serving")
)
"""Our packages, and so the first parts of our loggers' names."""


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discards all that is printed and logged; errors still raise."""
    with quiet_terminal(_NOWHERE, people_read_stderr=True):
        yield


@contextlib.contextmanager
def silent_imports() -> Iterator[None]:
    """Discards what libraries print, and warn of, while they are imported; errors still raise."""
    with silence(), _without_warnings():
        yield


@contextlib.contextmanager
def announced_imports(
    what: str = "importing TensorFlow and TFX", *, people_read_stderr: bool
) -> Iterator[None]:
    """As `silent_imports`, and says `what` goes on where it takes long; see `Progress`."""
    with (
        quiet_terminal(_NOWHERE, people_read_stderr=people_read_stderr) as terminal,
        Progress(console_on(terminal)) as progress,
        _without_warnings(),
    ):
        progress.work_on(what)
        yield


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Says on stderr that `what` goes on where it takes long; see `Progress`."""
    with Progress(console_on(sys.stderr)) as progress:
        progress.work_on(what)
        yield


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def quiet_terminal(
    log_path: pathlib.Path, *, people_read_stderr: bool, log_everything: bool = False
) -> Iterator[TextIO]:
    """Sends file descriptors 1 and 2, and Python's logging, to `log_path`.

    Of logging these are our packages' lines and others' warnings and errors: what TFX, Beam and
    TensorFlow say of their progress is ten thousand lines a run.

    TensorFlow's and Beam's C++ code writes to the descriptors, so replacing sys.stderr
    would not do.

    Args:
      log_path: the log file; appended to.
      people_read_stderr: True where stdout must stay free for a machine.
      log_everything: others' INFO too.

    Yields:
      The terminal's own stream.
    """
    open_closed_streams()
    sys.stdout.flush()
    sys.stderr.flush()
    log = log_path.open("a", encoding="utf-8", buffering=1)
    saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    terminal = os.fdopen(os.dup(2 if people_read_stderr else 1), "w", encoding="utf-8")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    handler = logging.StreamHandler(log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    if not log_everything:
        handler.addFilter(_is_ours_or_matters)
    try:
        for descriptor in saved:
            os.dup2(log.fileno(), descriptor)
        root.handlers[:] = [handler]
        root.setLevel(logging.INFO)
        yield terminal
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, copy in saved.items():
            os.dup2(copy, descriptor)
            os.close(copy)
        with contextlib.suppress(BrokenPipeError):  # Its reader has gone away.
            terminal.close()
        log.close()


def _is_ours_or_matters(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in _OURS
