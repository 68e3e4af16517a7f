"""The trials of a comparison: each in a fresh process, some at a time."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from common.json_files import write_json
from common.source_digest import ROOT
from models.trials.result import TrialResult, read_result

_POLL_SECONDS = 0.1

WORKER = (
    sys.executable,
    "-c",
    "import sys; sys.path[:] = filter(None, sys.path); "
    "from cli.compare.trial_process import main; main()",
)
"""Starts a worker. With `-m` Python would search the current folder first, and take a `models.py`
there for our package."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One trial to run.

    Attributes:
      model: the model's name.
      seed: its seed.
      folder: of the trial.
      fingerprint: of the result that is wanted.
      spec: what the worker reads: `data`, `model`, `training`, `folder`, `code`, and, where
        the worker must run the source of that digest and no other, `source`; where it must learn
        from some scenarios only, their names, `scenarios`.
      settings: digest of rows and settings, without the code; names the trial in records.
    """

    model: str
    seed: int
    folder: pathlib.Path
    fingerprint: str
    spec: dict[str, Any]
    settings: str = ""

    @property
    def log_path(self) -> pathlib.Path:
        """What the process writes to its standard streams."""
        return self.folder / "trial.log"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
      job: the trial.
      result: what it measured; None where it failed.
      seconds: wall time of its process; 0 where it was finished before.
      error: the last line of a failed trial's log.
    """

    job: Job
    result: TrialResult | None
    seconds: float
    error: str = ""


@dataclasses.dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    started: float


def run_jobs(
    jobs: Sequence[Job],
    processes: int,
    report: Callable[[Outcome], None],
    command: Sequence[str] = WORKER,
) -> list[Outcome]:
    """Runs the jobs in their order, `processes` at a time; a failed one does not stop the rest.

    A job whose result is there already is not run. Whatever ends this function, its
    processes end with it.

    Args:
      jobs: the trials.
      processes: how many run at once; they share the processor's cores evenly.
      report: called with every outcome when it is there, those of earlier runs first.
      command: starts a worker; the path of the job's file is added.

    Returns:
      One outcome a job, in the order of `jobs`.
    """
    found: dict[int, Outcome] = {}
    waiting = []
    for index, job in enumerate(jobs):
        result = read_result(job.folder, job.fingerprint)
        if result is None:
            waiting.append(index)
        else:
            found[index] = Outcome(job, result, 0.0)
            report(found[index])
    run = run_unfinished((jobs[index] for index in waiting), processes, report, command)
    # They are told apart by their objects: equal jobs may be given.
    of_jobs = {id(outcome.job): outcome for outcome in run}
    found |= {index: of_jobs[id(jobs[index])] for index in waiting}
    return [found[index] for index in range(len(jobs))]


def run_unfinished(
    jobs: Iterable[Job],
    processes: int,
    report: Callable[[Outcome], None],
    command: Sequence[str] = WORKER,
) -> list[Outcome]:
    """Runs jobs that are not finished, as `run_jobs`.

    Args:
      jobs: the trials. The next one is taken when a process is free, so that an iterator may
        prepare it then, or end because there is no time for another.
      processes: how many run at once.
      report: called with every outcome when it is there.
      command: starts a worker.

    Returns:
      The outcomes in the order in which they came.
    """
    waiting: Iterator[Job] | None = iter(jobs)
    outcomes: list[Outcome] = []
    running: list[_Running] = []
    try:
        while waiting is not None or running:
            while waiting is not None and len(running) < processes:
                job = next(waiting, None)
                if job is None:
                    waiting = None
                else:
                    running.append(_start(job, processes, command))
            for child in list(running):
                if child.process.poll() is not None:
                    running.remove(child)
                    outcomes.append(_ended(child))
                    report(outcomes[-1])
            time.sleep(_POLL_SECONDS)
    finally:
        for child in running:
            child.process.kill()
            child.process.wait()
    return outcomes


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _start(job: Job, processes: int, command: Sequence[str]) -> _Running:
    path = job.folder / "job.json"
    write_json(path, job.spec)
    threads = str(max(1, cores() // processes))
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        # Processes that share a graphics card must not take all of its memory.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    with job.log_path.open("wb") as log:
        process = subprocess.Popen(
            [*command, str(path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            # Ctrl-C is for the parent, which ends its children.
            start_new_session=True,
        )
    return _Running(job, process, time.monotonic())


def _ended(child: _Running) -> Outcome:
    seconds = time.monotonic() - child.started
    if child.process.stdin:
        child.process.stdin.close()
    job = child.job
    result = read_result(job.folder, job.fingerprint)
    if result is not None:
        return Outcome(job, result, seconds)
    lines = job.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
    return Outcome(job, None, seconds, f"exit status {child.process.returncode}: {last}")
