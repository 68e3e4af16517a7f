"""A program: runs the pipeline again and again in one work folder, killed in each component.

A slow component is killed as soon as it writes. A quick one would have ended before a signal
comes: its run stops itself when the component has written all that it writes, and before that is
recorded, and is killed there.

Imports once and forks for every run: importing TFX costs more than most components.
"""

import contextlib
import json
import os
import pathlib
import signal
import sys
import time

from tfx.orchestration.portable.launcher import Launcher

from cli.runs.local import run_locally
from pipeline.config_files import load_config
from pipeline.local import local_pipeline
from pipeline.locations import Locations
from pipeline.metadata import metadata_connection
from pipeline.run_record import RunRecord

WHILE_WRITING = {
    "ImpressionExampleGen", "StatisticsGen", "Transform", "Trainer", "Evaluator"
}  # fmt: skip
PATIENCE_SECONDS = 600
POLL_SECONDS = 0.005


def stop_before_recording(component):
    """Has this process stop itself between the end of a component's work and its record."""
    record = Launcher._publish_successful_execution

    def stopped(launcher, *arguments):
        if launcher._pipeline_node.node_info.id == component:
            os.kill(os.getpid(), signal.SIGSTOP)
        record(launcher, *arguments)

    Launcher._publish_successful_execution = stopped


def start(config, work_dir, stop_in=None):
    """Forks a run; returns its process id, which leads a process group."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    stop_before_recording(stop_in)
    os._exit(run_locally(config, work_dir, people_read_stderr=False).outcome.value)


def files_below(folder):
    return {path for path in folder.rglob("*") if path.is_file()} if folder.is_dir() else set()


def wait_until(holds, pid):
    """Waits; returns the status of a run that has stopped itself or ended before, else None."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        changed, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if changed:
            return status
        assert time.monotonic() < deadline, "a run takes too long"
        time.sleep(POLL_SECONDS)
    return None


def kill_in(component, config, work_dir):
    """Starts a run and kills it in `component`."""
    writes = component in WHILE_WRITING
    outputs = work_dir / "artifacts" / component
    known = files_below(outputs)
    pid = start(config, work_dir, stop_in=None if writes else component)
    try:
        status = wait_until(lambda: writes and files_below(outputs) - known, pid)
    finally:
        # A run that has ended is no group any more.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    if writes:
        assert status is None, f"ended before {component} wrote"
    else:
        assert os.WIFSTOPPED(status), f"ended before {component}"
    os.waitpid(pid, 0)


def main():
    config, work_dir = load_config(sys.argv[1]), pathlib.Path(sys.argv[2])
    work_dir.mkdir(exist_ok=True)
    record = RunRecord(metadata_connection(config.metadata, Locations(str(work_dir), config.name)))
    told = []
    # In the order in which they run: one that has been recorded once is cached.
    for component in [x.id for x in local_pipeline(config, work_dir).components]:
        kill_in(component, config, work_dir)
        ended = {x.name: x.outcome for x in record.components(record.run_ids()[-1])}
        told.append({"component": component, "ended": ended})
    _, status = os.waitpid(start(config, work_dir), 0)
    ended = {x.name: x.outcome for x in record.components(record.run_ids()[-1])}
    result = {"killed": told, "exit": os.waitstatus_to_exitcode(status), "ended": ended}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
