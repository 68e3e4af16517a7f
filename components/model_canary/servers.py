"""Model servers for the candidate and the live version."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tfx.utils import io_utils

from serving.client import Client
from serving.errors import ServingError
from serving.process import ServerProcess

_NAME = "canary"


@contextlib.contextmanager
def served(
    candidate: str, live: str | None, timeout: float
) -> Iterator[tuple[Client, Client | ServingError | None]]:
    """Serves two SavedModels, each by a process of its own, until the context ends.

    Args:
      candidate: the folder of the candidate's SavedModel.
      live: that of the live version, or None.
      timeout: seconds until a server must answer.

    Yields:
      A client of each; the error instead of the live version's where it can't be served,
      which is not the candidate's fault.

    Raises:
      ServingError: the candidate can't be served.
    """
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="polyrank-canary-"))
        )
        paths = [candidate] if live is None else [candidate, live]
        servers = [_server(path, folder / str(i), timeout) for i, path in enumerate(paths)]
        for server in servers:
            stack.callback(server.stop)
        # At once: each takes seconds to import TensorFlow.
        with ThreadPoolExecutor(len(servers)) as pool:
            starts = [pool.submit(server.start) for server in servers]
        client = stack.enter_context(starts[0].result().client(timeout))
        live_client: Client | ServingError | None = None
        if live is not None:
            try:
                live_client = stack.enter_context(starts[1].result().client(timeout))
            except ServingError as error:
                live_client = error
        yield client, live_client


def _server(model_path: str, place: pathlib.Path, timeout: float) -> ServerProcess:
    """Puts the model where a server looks for versions, by a link where it is local."""
    version = place / "model" / "1"
    version.parent.mkdir(parents=True)
    source = pathlib.Path(model_path)
    if source.is_dir():
        version.symlink_to(source.resolve(), target_is_directory=True)
    else:
        io_utils.copy_dir(model_path, str(version))
    return ServerProcess(_NAME, version.parent, place / "server.log", timeout)
