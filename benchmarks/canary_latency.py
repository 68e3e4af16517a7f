"""How often ModelCanary refuses a model against itself, and slower ones, under load.

    python -m benchmarks.canary_latency --repeats 20

Servers of made models answer as they do in a run, first on the machine as it is, then while
processes keep the cores busy in bursts. `ratio of medians above the limit` is a refusal by one
median of all requests over the other, without rounds or an interval.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from components.model_canary.config import CanaryConfig
from components.model_canary.latency import compare_latency
from serving.client import Client
from serving.process import ServerProcess

_UNITS = 256
_LAYERS = 8
_BUSY = pathlib.Path(__file__).with_name("busy.py")


def save_model(path: pathlib.Path, layers: int) -> None:
    """Saves a network of so many layers with the signature `predict`."""
    import tensorflow as tf

    module = tf.Module()
    random_weights = tf.random.Generator.from_seed(0)
    module.kernels = [
        tf.Variable(random_weights.normal([_UNITS, _UNITS], stddev=0.1)) for _ in range(layers)
    ]
    module.widen = tf.Variable(random_weights.normal([1, _UNITS]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def predict(x: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = x[:, None] * module.widen
        for kernel in module.kernels:
            hidden = tf.nn.relu(tf.matmul(hidden, kernel))
        return {"click": tf.sigmoid(tf.reduce_mean(hidden, axis=1))}

    tf.saved_model.save(module, str(path), signatures={"predict": predict})


@contextlib.contextmanager
def load(processes: int) -> Iterator[None]:
    """Keeps so many processes busy in bursts, as `busy.py` does."""
    children = [
        subprocess.Popen([sys.executable, str(_BUSY), str(seed)]) for seed in range(processes)
    ]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def _repeat(candidate: Client, live: Client, repeats: int, config: CanaryConfig) -> list[str]:
    """One row of the table: how often it was refused, and the ratios."""
    limit = config.latency_ratio_at_most
    assert limit is not None
    refused, warned, by_medians, rounds = 0, 0, 0, 0
    ratios: list[float] = []
    columns = {"x": np.random.default_rng(0).random(256, dtype=np.float32)}
    for _ in range(repeats):
        found, problems = compare_latency(candidate, live, columns, config)
        medians = [found[name]["milliseconds_p50"] for name in ("candidate", "live")]
        refused += bool(problems)
        warned += bool(found["warnings"])
        by_medians += medians[0] > limit * medians[1]
        rounds += found["rounds"]
        ratios.append(found["ratio"])
    return [
        str(repeats),
        str(refused),
        str(warned),
        str(by_medians),
        f"{min(ratios):.2f} to {max(ratios):.2f}",
        f"{rounds / repeats:.1f}",
    ]


@click.command()
@click.option("--repeats", default=20, show_default=True, help="Examinations of each kind.")
@click.option("--busy", default=2 * (os.cpu_count() or 1), show_default=True, help="Processes.")
@click.option("--ratio", default=2.0, show_default=True, help="canary.latency_ratio_at_most.")
def main(repeats: int, busy: int, ratio: float) -> None:
    """Prints how often each candidate was refused, on the machine as it is and under load."""
    config = CanaryConfig(latency_ratio_at_most=ratio)
    table = Table(
        *("candidate", "load", "repeats", "refused", "warned", "ratio of medians above the limit"),
        *("ratios", "rounds"),
    )
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clients = {}
        # The candidate "itself" is the same SavedModel in a server of its own, as in a run.
        kinds = {"live": 1.0, "itself": 1.0, "1.5 times the layers": 1.5, "4 times the layers": 4.0}
        for name, factor in kinds.items():
            save_model(folder / name / "1", round(_LAYERS * factor))
            server = ServerProcess("canary", folder / name, folder / f"{name}.log", 300)
            clients[name] = stack.enter_context(stack.enter_context(server).client(60))
        live = clients.pop("live")
        for processes in (0, busy):
            with load(processes):
                for name, candidate in clients.items():
                    row = _repeat(candidate, live, repeats, config)
                    table.add_row(name, f"{processes} processes", *row)
    Console(width=140).print(table)
    click.echo(f"load average {os.getloadavg()[0]:.1f} with {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
