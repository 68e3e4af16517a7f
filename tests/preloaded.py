"""Programs in processes forked from one that has imported what they need.

Importing TFX and TensorFlow takes ten seconds of a core, and the end-to-end tests start some forty
programs. Each still runs in a process of its own, with its own streams, environment and exit
status, from its first line on; only the imports are shared. The parent runs no TensorFlow
operation: the threads that these start would not be in its children.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pathlib
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

_MODULES = (
    "cli.commands.compare",
    "cli.commands.data",
    "cli.commands.rollback",
    "cli.commands.run",
    "cli.compare.run",
    "cli.runs.local",
    "models.metrics.tfma.quality_metric",
    "models.training.run_fn",
    "models.zoo",
)
_SECONDS_TO_IMPORT = 300
_ROOT = pathlib.Path(__file__).resolve().parents[1]


class Program:
    """A program that was started; like `subprocess.Popen` of a process that leads its group."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._answers = connection.makefile()
        self._status: int | None = None
        self.pid = int(self._answers.readline())

    def wait(self) -> int:
        """Returns the exit status, negative for a signal."""
        if self._status is None:
            self._status = int(self._answers.readline())
        return self._status

    def has_ended(self) -> bool:
        """Says whether `wait` would return at once."""
        return self._status is not None or bool(select.select([self._connection], [], [], 0)[0])

    def kill(self) -> None:
        """Kills it and what it has started; no error where it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class Preloaded:
    """The parent of the programs; a context manager."""

    def __enter__(self) -> Preloaded:
        self._folder = tempfile.TemporaryDirectory()
        self._address = str(pathlib.Path(self._folder.name) / "socket")
        self._parent = subprocess.Popen(
            [sys.executable, __file__, self._address],
            # Folders of tests have our packages' names; ours must be found before these.
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._parent.kill()
        self._parent.wait()
        self._folder.cleanup()

    def start(
        self,
        program: str,
        words: Sequence[str],
        *,
        cwd: str | os.PathLike[str],
        env: Mapping[str, str],
        out: str | os.PathLike[str] = os.devnull,
        err: str | os.PathLike[str] = os.devnull,
    ) -> Program:
        """Starts a program.

        Args:
          program: a module, as of `python -m`, or the path of a script that ends in `.py`.
          words: its arguments.
          cwd: its folder.
          env: its whole environment; folders of PYTHONPATH are put on `sys.path`.
          out: the file that gets its stdout.
          err: the file that gets its stderr.
        """
        connection = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + _SECONDS_TO_IMPORT
        while connection.connect_ex(self._address):
            assert self._parent.poll() is None, "the parent has ended; run it by hand to see why"
            assert time.monotonic() < deadline, "the parent takes too long to import"
            time.sleep(0.05)
        request = {
            "program": program,
            "words": [str(word) for word in words],
            "cwd": os.fspath(cwd),
            "env": dict(env),
            "out": os.fspath(out),
            "err": os.fspath(err),
        }
        connection.sendall((json.dumps(request) + "\n").encode())
        return Program(connection)


def _serve(address: str) -> None:
    for module in _MODULES:
        importlib.import_module(module)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    # Who watches a program is a child too: the system reaps these.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _watch(connection)


def _watch(connection: socket.socket) -> None:
    """Runs one program in a child, and tells its process id and its exit status."""
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if not pid:
        connection.close()
        _become(request)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, Any]) -> None:
    """Runs the program in this process, and ends it."""
    os.setsid()
    # An import may have asked for it, and then it is kept whatever TMPDIR says.
    tempfile.tempdir = None
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    writes = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for descriptor, name in enumerate((os.devnull, request["out"], request["err"])):
        opened = os.open(name, writes if descriptor else os.O_RDONLY, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    program, sys.argv[:] = request["program"], [request["program"], *request["words"]]
    code = 0
    try:
        if program.endswith(".py"):
            sys.path.insert(0, str(pathlib.Path(program).parent))
            runpy.run_path(program, run_name="__main__")
        else:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    # As at the end of any process: AutoGraph removes its temporary files.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not `sys.exit`: what was inherited is not this process's to close.
    os._exit(code)


if __name__ == "__main__":
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _serve(sys.argv[1])
