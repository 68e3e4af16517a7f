"""The model server as a child process on a free port."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

from serving.client import Client
from serving.errors import ServingError

_LAST_LINES = 20
_POLL_SECONDS = 0.05
_STOP_SECONDS = 15
_RUN = """
import runpy, sys
sys.path.remove("")
runpy.run_module("serving.server", run_name="__main__", alter_sys=True)
"""
# As `python -m serving.server`, but modules of the current folder don't hide ours.


class ServerProcess:
    """Starts a server, waits until the model answers, and stops it; a context manager.

    The child ends with its parent, however that ends: it watches its standard input.

    Example:
      with ServerProcess("polyrank", "serving/polyrank", "server.log") as server:
          with server.client() as client:
              client.predict(...)

    Attributes:
      target: `host:port` once started.
    """

    def __init__(
        self,
        model_name: str,
        base_path: str | pathlib.Path,
        log_file: str | pathlib.Path,
        timeout: float = 120.0,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Sets up; entering the context starts the child.

        Args:
          model_name: the name to serve under.
          base_path: the folder of numbered version folders.
          log_file: takes what the child writes.
          timeout: seconds until the model must be available.
          options: more options of `python -m serving.server`, such as `--workers=2`.
          environment: variables of the child that differ from this process's, such as
            `TF_ENABLE_ONEDNN_OPTS` (see `serving.environment`).
        """
        self.model_name = model_name
        self.target = ""
        self._base_path = pathlib.Path(base_path)
        self._log_file = pathlib.Path(log_file)
        self._timeout = timeout
        self._options = tuple(options)
        self._environment = dict(environment or {})
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> ServerProcess:
        """Starts the child and waits until the model is available.

        Raises:
          ServingError: the child died (with its last log lines), the model can't be
            loaded, or it took longer than `timeout`.
        """
        deadline = time.monotonic() + self._timeout
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix="polyrank-serving-") as folder:
                port_file = pathlib.Path(folder) / "port"
                self._child = self._spawn(port_file)
                while not port_file.exists():
                    self._check_alive(deadline)
                    time.sleep(_POLL_SECONDS)
                self.target = f"127.0.0.1:{int(port_file.read_text())}"
            with self.client() as client:
                client.wait_until_available(max(0.0, deadline - time.monotonic()))
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def pid(self) -> int | None:
        """The child's process id; None where there is no child."""
        return self._child.pid if self._child else None

    def client(self, timeout: float = 10.0) -> Client:
        """A client of the served model; the caller closes it."""
        return Client(self.target, self.model_name, timeout)

    def stop(self) -> None:
        """Ends the child, by force where it does not follow within 15 seconds."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin:
            child.stdin.close()

    def __enter__(self) -> ServerProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _spawn(self, port_file: pathlib.Path) -> subprocess.Popen[bytes]:
        root = str(pathlib.Path(__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        command = [
            *(sys.executable, "-c", _RUN, "--port", "0", "--until-eof"),
            *("--model-name", self.model_name),
            *("--model-base-path", str(self._base_path.resolve())),
            *("--port-file", str(port_file)),
            *self._options,
        ]
        with self._log_file.open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(paths),
                    **self._environment,
                },
            )

    def _check_alive(self, deadline: float) -> None:
        assert self._child is not None
        code = self._child.poll()
        late = time.monotonic() > deadline
        if code is None and not late:
            return
        what = f"did not listen within {self._timeout:g} s" if late else f"ended with code {code}"
        lines = self._log_file.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        raise ServingError(
            f"the model server for {self._base_path} {what}; last lines of {self._log_file}:\n"
            + "\n".join(lines)
        )
