"""CPU time and memory of the model server on lists of every length, by its settings.

    python -m benchmarks.serving_memory --model-base-path work/serving/polyrank

Each setting gets a server of its own, and the same requests: lists of 1 to 500 rows, made of the
model's warm-up rows. Servers take turns, a slice of the requests at a time, so that other work on
the machine weighs on all of them. The time is the servers' CPU time, not the clock's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import tempfile

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from serving.client import Client
from serving.loading.version_files import versions_on_disk
from serving.process import ServerProcess
from serving.tensors import to_array
from serving.warmup import read_warmup_requests

_SLICES = 10
_LARGEST_LIST = 500


@dataclasses.dataclass(frozen=True)
class Setting:
    """oneDNN on (`1`) or off (`0`), and the threads of an op and over ops."""

    onednn: str
    intra_op: int
    inter_op: int


SETTINGS = [
    Setting(onednn, intra_op, inter_op)
    for onednn in ("1", "0")
    for intra_op, inter_op in ((1, -1), (2, -1), (2, 2))
]


@dataclasses.dataclass
class Run:
    """One setting's server and what was seen of it."""

    setting: Setting
    pid: int
    client: Client
    cpu_seconds: list[float] = dataclasses.field(default_factory=list)
    megabytes: list[float] = dataclasses.field(default_factory=list)
    scores: list[dict[str, np.ndarray]] = dataclasses.field(default_factory=list)

    def look(self) -> None:
        """Notes the server's CPU time and resident memory."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu_seconds.append((int(fields[11]) + int(fields[12])) / 100)
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        (resident,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        self.megabytes.append(int(resident.split()[1]) / 1024)


@click.command()
@click.option("--model-base-path", required=True, help="The folder of numbered versions.")
@click.option("--model-name", default="polyrank", show_default=True)
@click.option("--requests", default=3000, show_default=True, help="Requests a setting.")
def main(model_base_path: str, model_name: str, requests: int) -> None:
    """Prints CPU time, memory and the difference of scores by setting."""
    rows = _warmup_rows(pathlib.Path(model_base_path))
    count = len(next(iter(rows.values())))
    lengths = np.random.default_rng(0).integers(1, _LARGEST_LIST + 1, requests)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        runs: list[Run] = []
        for setting in SETTINGS:
            options = [
                f"--intra-op-threads={setting.intra_op}",
                f"--inter-op-threads={setting.inter_op}",
            ]
            environment = {"TF_ENABLE_ONEDNN_OPTS": setting.onednn}
            log = folder / f"{len(runs)}.log"
            server = stack.enter_context(
                ServerProcess(
                    model_name, model_base_path, log, options=options, environment=environment
                )
            )
            assert server.pid is not None
            client = stack.enter_context(server.client(timeout=60))
            client.predict_tensors({name: values[:1] for name, values in rows.items()})
            runs.append(Run(setting, server.pid, client))
        for run in runs:
            run.look()
        for some in np.array_split(lengths, _SLICES):
            for run in runs:
                for number, length in enumerate(some):
                    chosen = np.arange(length) % count
                    scores = run.client.predict_tensors(
                        {name: values[chosen] for name, values in rows.items()}
                    )
                    if number == 0:
                        run.scores.append(scores)
                run.look()
    _print(runs, requests)


def _warmup_rows(base_path: pathlib.Path) -> dict[str, np.ndarray]:
    versions = versions_on_disk(base_path)
    if not versions:
        raise click.ClickException(f"{base_path} holds no model version")
    requests = list(read_warmup_requests(versions[max(versions)]))
    if not requests:
        raise click.ClickException("the newest version has no warm-up request to send")
    largest = max(requests, key=lambda request: request.ByteSize())
    return {name: to_array(tensor) for name, tensor in largest.inputs.items()}


def _print(runs: list[Run], requests: int) -> None:
    table = Table(
        *("oneDNN", "intra-op", "inter-op", "CPU ms a request", "MB before", "MB half way"),
        *("MB after", "largest difference of a score"),
    )
    for run in runs:
        difference = max(
            float(np.max(np.abs(scores[name] - runs[0].scores[position][name])))
            for position, scores in enumerate(run.scores)
            for name in scores
        )
        used = (run.cpu_seconds[-1] - run.cpu_seconds[0]) / requests * 1000
        table.add_row(
            "on" if run.setting.onednn == "1" else "off",
            str(run.setting.intra_op),
            str(run.setting.inter_op),
            f"{used:.2f}",
            *(f"{run.megabytes[at]:,.0f}" for at in (0, _SLICES // 2, -1)),
            f"{difference:.1e}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
