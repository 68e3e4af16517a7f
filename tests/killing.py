"""Kills a program at every instant at which it is about to touch a file."""

import os
import pathlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

_TOUCHES = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.listdir")


def killed_everywhere(
    prepare: Callable[[pathlib.Path], Any],
    work: Callable[[pathlib.Path], Any],
    parent: pathlib.Path,
) -> Iterator[pathlib.Path]:
    """Yields folders in which `work` was killed, one step later each time, up to its end.

    Args:
      prepare: fills an empty folder.
      work: what is killed; a process of its own, forked from this one.
      parent: the folders are made in it.
    """
    step, ended = 0, False
    while not ended:
        folder = parent / f"killed-{step}"
        folder.mkdir()
        prepare(folder)
        pid = os.fork()
        if not pid:
            _kill_at(step, folder)
            work(folder)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        ended = not os.WIFSIGNALED(status)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
        yield folder
        step += 1


def _kill_at(step: int, folder: pathlib.Path) -> None:
    """Kills this process by the step-th time that it is about to touch a file of the folder."""
    touched = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal touched
        # Whole trees are removed by names relative to an open folder.
        relative = event in ("os.remove", "os.rmdir") and arguments[-1] != -1
        if event in _TOUCHES and (relative or str(folder) in str(arguments[0])):
            if touched == step:
                os.kill(os.getpid(), signal.SIGKILL)
            touched += 1

    sys.addaudithook(hook)
