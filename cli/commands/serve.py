"""`polyrank serve`: the pushed model behind TF Serving's gRPC interface."""

from __future__ import annotations

import logging
import sys

import click

from cli.common.terminal import announced_imports
from serving.environment import set_defaults
from serving.limit_options import PORT, limit_options
from serving.limits import Limits


@click.command()
@click.option("--model-base-path", help="The folder of versions. [default: WORK_DIR/serving/NAME]")
@click.option(
    "--work-dir", default="work/run", show_default=True, help="The work folder of the runs."
)
@click.option("--model-name", default="polyrank", show_default=True, help="What requests call it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every interface.")
@click.option("--port", default=8500, show_default=True, type=PORT, help="0 takes a free one.")
@click.option("--port-file", help="A file that gets the port once a model answers.")
@limit_options
def serve(
    model_base_path: str | None,
    work_dir: str,
    model_name: str,
    host: str,
    port: int,
    port_file: str | None,
    max_rows: int,
    max_elements: int,
    max_tensor_bytes: int,
    max_message_bytes: int,
) -> None:
    """Serve the newest pushed version, and each newer one as it is pushed."""
    set_defaults()
    with announced_imports(people_read_stderr=False):
        from cli.common.model_folder import served_folder
        from serving import server
        from serving.loading import allocator

    allocator.return_memory()
    base_path = served_folder(work_dir, model_name, model_base_path)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(name)s: %(message)s"
    )
    limits = Limits(max_rows, max_elements, max_tensor_bytes, max_message_bytes)
    model_server = server.ModelServer(model_name, base_path, host, port, limits=limits)
    server.serve(model_server, port_file)
