"""A model server with TF Serving's gRPC interface, for development, tests and the canary.

Production serves with TF Serving; this one answers the same requests from the same
SavedModel where no TF Serving binary is at hand.
"""

from __future__ import annotations

import logging
import os
import pathlib
import signal
import sys
import threading
from concurrent import futures

from serving.environment import set_defaults

if __name__ == "__main__":  # TensorFlow reads it when it is imported, below.
    set_defaults()

import click
import grpc

from common.atomic_files import write_whole
from common.errors import PolyrankError
from serving import warmup
from serving.limit_options import PORT, limit_options
from serving.limits import Limits
from serving.loading import allocator, loader, versions
from serving.services.tf_serving import Services

_LOG = logging.getLogger(__name__)
_GRACE_SECONDS = 10
_STATUS_WORKERS = 4
_MOST_THREADS = 1024


class ModelServer:
    """The gRPC server of one model's newest version; a context manager."""

    def __init__(
        self,
        model_name: str,
        base_path: str | pathlib.Path,
        host: str = "127.0.0.1",
        port: int = 0,
        threads: loader.Threads | None = None,
        workers: int = 8,
        limits: Limits | None = None,
        poll_seconds: float = 1.0,
    ) -> None:
        """Binds the port; `start` begins to answer and to load.

        Args:
          model_name: the name that requests give.
          base_path: the folder of numbered version folders.
          host: the address to listen on.
          port: 0 for a free one.
          threads: each Session's threads.
          workers: requests handled at a time.
          limits: what a request may hold; those of `Limits()` where None.
          poll_seconds: how often `base_path` is looked at.

        Raises:
          PolyrankError: the port is taken.
        """
        threads = threads or loader.Threads()
        limits = limits or Limits()
        self.versions = versions.Versions(
            model_name, base_path, lambda path, version: warmup.load_warm(path, version, threads)
        )
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()
        self._watcher = threading.Thread(
            target=self.versions.watch, args=(self._stop, poll_seconds), name="versions"
        )
        self._status_pool = futures.ThreadPoolExecutor(_STATUS_WORKERS, thread_name_prefix="status")
        self._server = grpc.server(
            futures.ThreadPoolExecutor(workers, thread_name_prefix="request"),
            options=[
                ("grpc.max_receive_message_length", limits.message_bytes),
                ("grpc.max_send_message_length", -1),
                # Else a second server would silently share the port.
                ("grpc.so_reuseport", 0),
                # Else a client whose machine is gone would hold its workers for good.
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
            ],
        )
        served = Services(self.versions, limits, self._status_pool)
        self._server.add_generic_rpc_handlers(served.handlers())
        try:
            self.port = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise PolyrankError(
                f"can't listen on {host}:{port}: {error}; free it or choose another port"
            ) from None
        self.target = f"{host}:{self.port}"

    def start(self) -> None:
        """Begins to answer, and to load the newest version; a started server goes on."""
        if self._watcher.ident is not None:
            return
        self._server.start()
        self._watcher.start()
        _LOG.info("serving %s on %s", self.versions.name, self.target)

    def stop(self) -> None:
        """Refuses new requests, lets running ones end, unloads."""
        self._server.stop(_GRACE_SECONDS).wait()
        self._status_pool.shutdown(wait=False)
        self._stop.set()
        self._watcher.join()

    def __enter__(self) -> ModelServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _set_at_end_of_input(done: threading.Event) -> None:
    # The parent holds the other end: it is closed however the parent ends. Not sys.stdin,
    # whose lock this thread would still hold when the interpreter ends.
    while os.read(0, 4096):
        pass
    done.set()


def serve(server: ModelServer, port_file: str | None = None, until_eof: bool = False) -> None:
    """Runs `server` until SIGTERM or SIGINT.

    Args:
      server: a server not started yet.
      port_file: where to write the port once it listens and the version that was there at
        the start answers, or is known not to.
      until_eof: stop at the end of standard input too.
    """
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    if until_eof:
        threading.Thread(target=_set_at_end_of_input, args=(done,), daemon=True).start()
    with server:
        while port_file and not done.wait(0.1):
            if server.versions.looked.is_set():
                write_whole(port_file, f"{server.port}\n")
                break
        done.wait()
        _LOG.info("stopping")


@click.command()
@click.option("--model-name", required=True, help="The name that requests give.")
@click.option("--model-base-path", required=True, help="The folder of numbered versions.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8500, show_default=True, type=PORT, help="0 for a free one.")
@click.option("--port-file", help="A file that gets the port once a model answers.")
@click.option("--until-eof", is_flag=True, help="Stop at the end of standard input.")
@click.option(
    "--intra-op-threads",
    default=1,
    show_default=True,
    type=click.IntRange(0, _MOST_THREADS),
    help="0: one a core.",
)
@click.option(
    "--inter-op-threads",
    default=-1,
    show_default=True,
    type=click.IntRange(-1, _MOST_THREADS),
    help="-1: the request's own; 0: one a core.",
)
@click.option(
    "--workers",
    default=8,
    show_default=True,
    type=click.IntRange(1, _MOST_THREADS),
    help="Requests at a time.",
)
@limit_options
@click.option(
    "--poll-seconds",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.01, 86_400),
    help="Between looks at the disk.",
)
def main(
    model_name: str,
    model_base_path: str,
    host: str,
    port: int,
    port_file: str | None,
    until_eof: bool,
    intra_op_threads: int,
    inter_op_threads: int,
    workers: int,
    max_rows: int,
    max_elements: int,
    max_tensor_bytes: int,
    max_message_bytes: int,
    poll_seconds: float,
) -> None:
    """Serves the newest version of a model over gRPC."""
    allocator.return_memory()
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(name)s: %(message)s"
    )
    try:
        server = ModelServer(
            model_name,
            model_base_path,
            host,
            port,
            threads=loader.Threads(intra_op_threads, inter_op_threads),
            workers=workers,
            limits=Limits(max_rows, max_elements, max_tensor_bytes, max_message_bytes),
            poll_seconds=poll_seconds,
        )
    except PolyrankError as error:
        raise click.ClickException(str(error)) from None
    serve(server, port_file, until_eof)


if __name__ == "__main__":
    main()
