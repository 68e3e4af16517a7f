"""Closed-loop speed of the model server, alone on its machine.

    python benchmarks/serving.py --model-base-path work/serving/polyrank

Every client thread sends its next request when the last one is answered. Inputs are
the model's own warm-up request where it has one, repeated to the rows wanted.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from tensorflow_serving.apis import predict_pb2

from serving.loading.version_files import versions_on_disk
from serving.process import ServerProcess
from serving.tensors import to_array, to_proto
from serving.warmup import read_warmup_requests

# One thread a client, in a process of their own, so that they don't share the server's GIL.
_CLIENT = """
import sys, threading, time
import grpc
target, concurrency, requests, request_file = sys.argv[1:]
payload = open(request_file, "rb").read()
method = "/tensorflow.serving.PredictionService/Predict"
latencies, left, lock = [], [int(requests)], threading.Lock()

def work():
    with grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.unary_unary(method)  # Bytes in, bytes out: the client costs little.
        call(payload)
        barrier.wait()
        while True:
            with lock:
                if not left[0]:
                    return
                left[0] -= 1
            begin = time.perf_counter()
            call(payload)
            latencies.append(time.perf_counter() - begin)

barrier = threading.Barrier(int(concurrency) + 1)
threads = [threading.Thread(target=work) for _ in range(int(concurrency))]
for thread in threads: thread.start()
barrier.wait()
begin = time.perf_counter()
for thread in threads: thread.join()
print(time.perf_counter() - begin, *latencies)
"""


def _measure(target: str, concurrency: int, requests: int, payload: pathlib.Path) -> list[float]:
    command = [sys.executable, "-c", _CLIENT, target, str(concurrency), str(requests), str(payload)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(value) for value in done.stdout.split()]


@click.command()
@click.option("--model-base-path", required=True, help="The folder of numbered versions.")
@click.option("--model-name", default="polyrank", show_default=True)
@click.option("--requests", default=2000, show_default=True, help="Requests a cell of the table.")
@click.option("--server-option", multiple=True, help="Handed to serving.server, e.g. --workers=2.")
def main(
    model_base_path: str, model_name: str, requests: int, server_option: tuple[str, ...]
) -> None:
    """Prints requests a second and latencies by rows and concurrency."""
    base_path = pathlib.Path(model_base_path)
    versions = versions_on_disk(base_path) if base_path.is_dir() else {}
    if not versions:
        raise click.ClickException(f"{model_base_path} holds no model version")
    request = next(read_warmup_requests(versions[max(versions)]), None)
    if request is None:
        raise click.ClickException("the newest version has no warm-up request to send")
    row = {name: to_array(tensor) for name, tensor in request.inputs.items()}
    table = Table("rows", "concurrency", "requests/s", "rows/s", "p50 ms", "p99 ms")
    with tempfile.TemporaryDirectory() as folder:
        log_file = pathlib.Path(folder) / "server.log"
        with ServerProcess(model_name, model_base_path, log_file, options=server_option) as server:
            for rows in (1, 128):
                payload = pathlib.Path(folder) / "request"
                payload.write_bytes(_payload(request, row, rows))
                for concurrency in (1, 8, 32):
                    elapsed, *latencies = _measure(server.target, concurrency, requests, payload)
                    p50, p99 = np.percentile(latencies, [50, 99]) * 1e3
                    rate = requests / elapsed
                    cells = (f"{rate:.0f}", f"{rate * rows:.0f}", f"{p50:.2f}", f"{p99:.2f}")
                    table.add_row(str(rows), str(concurrency), *cells)
    Console().print(table)


def _payload(request: predict_pb2.PredictRequest, row: dict[str, np.ndarray], rows: int) -> bytes:
    for name, array in row.items():
        repeated = np.resize(array, (rows, *array.shape[1:]))
        request.inputs[name].CopyFrom(to_proto(repeated))
    return request.SerializeToString()


if __name__ == "__main__":
    main()
