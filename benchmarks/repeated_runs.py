"""Memory of one process that runs the pipeline several times, as programs may.

    python -m benchmarks.repeated_runs --runs 6

Every run has a work folder of its own, so that each component works; with `--cached` all share
one, and those after the first take everything from the cache. The first runs import modules and
fill pools; growth is the slope of the runs after them.
"""

from __future__ import annotations

import pathlib
import tempfile
import time

import click
import numpy as np

from polyrank import api

_MODEL = ("model.embedding_dim=4", "training.max_epochs=1", "gate.auc_at_least=0.3")
_LOG = "data.adapter_options={rows: %d, days: 3, seed: 1}"
_WINDOW = ("window.train_spans=2", "window.eval_spans=1")
_UNCOUNTED = 2
"""Runs before growth is counted."""


def resident_megabytes() -> float:
    """Returns the resident memory of this process."""
    status = pathlib.Path("/proc/self/status").read_text()
    (resident,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(resident.split()[1]) / 1024


@click.command()
@click.option("--runs", default=6, show_default=True, help="Runs in this process.")
@click.option("--rows", default=3000, show_default=True, help="Rows of the synthetic log.")
@click.option("--cached", is_flag=True, help="One work folder for all runs.")
def main(runs: int, rows: int, cached: bool) -> None:
    """Prints the resident memory after every run, and its growth a run."""
    after: list[float] = []
    overrides = [_LOG % rows, *_WINDOW, *_MODEL]
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            began = time.monotonic()
            work_dir = pathlib.Path(folder) / ("all" if cached else str(number))
            result = api.run("synthetic", work_dir=work_dir, overrides=overrides)
            after.append(resident_megabytes())
            click.echo(
                f"run {number + 1}: {result.outcome.status}, {time.monotonic() - began:5.1f} s, "
                f"{after[-1]:7.1f} MB"
            )
    counted = after[_UNCOUNTED:]
    if len(counted) > 1:
        slope = float(np.polyfit(np.arange(len(counted)), counted, 1)[0])
        click.echo(f"growth: {slope:.1f} MB a run over the last {len(counted)}")


if __name__ == "__main__":
    main()
