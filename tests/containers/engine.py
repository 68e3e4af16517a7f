"""A docker engine: the one that runs here, or Debian's for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

_PACKAGES = {"dockerd": "docker.io", "debootstrap": "debootstrap"}
_START_SECONDS = 60
_STOP_SECONDS = 60


class EngineError(Exception):
    """No engine runs and none can be started: says what to do."""


@contextlib.contextmanager
def engine(data_root: pathlib.Path, log: pathlib.Path) -> Iterator[str]:
    """Gives a client that can build; DOCKER_HOST leads to an engine that runs.

    Args:
      data_root: where an engine started here keeps images and containers.
      log: takes what it writes.

    Raises:
      EngineError: there is none, and it can't be installed or started.
    """
    if _answers(shutil.which("docker")):
        yield _client()
        return
    _install()
    data_root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="polyrank-docker-") as folder:
        os.environ["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
        command = [
            *("dockerd", "--data-root", str(data_root), "--exec-root", f"{folder}/exec"),
            *("--pidfile", f"{folder}/pid", "--host", os.environ["DOCKER_HOST"]),
        ]
        with log.open("wb") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            client = _client()
            deadline = time.monotonic() + _START_SECONDS
            while not _answers(client):
                if process.poll() is not None or time.monotonic() > deadline:
                    last = log.read_text(errors="replace").splitlines()[-5:]
                    raise EngineError("\n".join((f"dockerd does not start; {log} ends:", *last)))
                time.sleep(0.5)
            yield client
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)
            del os.environ["DOCKER_HOST"]


def _answers(client: str | None) -> bool:
    return client is not None and _succeeds(client, "info")


def _install() -> None:
    missing = [package for program, package in _PACKAGES.items() if not shutil.which(program)]
    if os.getuid() != 0:
        raise EngineError("no docker engine answers; start one, or run this as root")
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise EngineError(f"no docker engine answers; install one ({', '.join(missing)})")
    subprocess.run(["apt-get", "update", "--quiet", "--quiet"], check=True)
    command = ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing]
    subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def _client() -> str:
    """A client that can build with BuildKit: it has the plugin, or is older than 23."""
    for folder in os.get_exec_path():
        client = shutil.which("docker", path=folder)
        if client and (_succeeds(client, "buildx", "version") or _major(client) < 23):
            return client
    raise EngineError("no docker client on PATH can build with BuildKit; install docker-buildx")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def _major(client: str) -> int:
    said = subprocess.run([client, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[2].partition(".")[0])
