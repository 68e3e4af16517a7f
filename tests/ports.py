"""Ports for servers that tests start."""

import contextlib
import pathlib
import socket
import subprocess
import time


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on, all different."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("localhost", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in found]


def wait_for_port(port: int, process: subprocess.Popen, log: pathlib.Path) -> None:
    """Waits two minutes until a process listens; fails with its log where it ends before."""
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
