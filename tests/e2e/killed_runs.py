"""A program: runs the pipeline again and again in one work folder, killed in each component.

Imports once and forks for every run: importing TFX costs more than most components.
"""

import json
import os
import pathlib
import signal
import sys
import time

from cli.local_run import run_locally
from pipeline.config_files import load_config
from pipeline.locations import Locations
from pipeline.run_record import RunRecord

COMPONENTS = (
    "SpanWindow", "SchemaImport", "ImpressionExampleGen", "StatisticsGen", "ExampleValidator",
    "DataGate", "LeakAlarm", "Transform", "Trainer", "Baseline", "ReferenceModels", "Evaluator",
    "PromotionGate", "ModelCanary", "Pusher", "RegisterPushed",
)  # fmt: skip
PATIENCE_SECONDS = 300
POLL_SECONDS = 0.005


def start(config, work_dir):
    """Forks a run; returns its process id, which leads a process group."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os._exit(run_locally(config, work_dir, people_read_stderr=False).outcome.value)


def files_below(folder):
    return {path for path in folder.rglob("*") if path.is_file()} if folder.is_dir() else set()


def kill_in(component, config, work_dir):
    """Starts a run and kills it once `component` writes, or has ended."""
    before = len(list(work_dir.glob("runs/*/run.log")))
    outputs = work_dir / ("serving" if component == "Pusher" else f"artifacts/{component}")
    known = files_below(outputs)
    pid = start(config, work_dir)
    deadline = time.monotonic() + PATIENCE_SECONDS
    text = ""
    while f"Component {component} is running" not in text:
        logs = sorted(work_dir.glob("runs/*/run.log"))
        text = logs[-1].read_text() if len(logs) > before else ""
        assert os.waitpid(pid, os.WNOHANG) == (0, 0), f"ended before {component}: {text[-3000:]}"
        assert time.monotonic() < deadline, text[-3000:]
        time.sleep(POLL_SECONDS)
    while f"Component {component} is finished" not in text:
        if files_below(outputs) - known:
            break
        text = logs[-1].read_text()
        assert "the run failed" not in text, text[-3000:]
        time.sleep(POLL_SECONDS)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main():
    config, work_dir = load_config(sys.argv[1]), pathlib.Path(sys.argv[2])
    work_dir.mkdir(exist_ok=True)
    record = RunRecord(Locations(str(work_dir), config.name).metadata_path)
    told = []
    for component in COMPONENTS:
        kill_in(component, config, work_dir)
        ended = {x.name: x.outcome for x in record.components(record.run_ids()[-1])}
        told.append({"component": component, "at_work": component not in ended, "ended": ended})
    _, status = os.waitpid(start(config, work_dir), 0)
    ended = {x.name: x.outcome for x in record.components(record.run_ids()[-1])}
    result = {"killed": told, "exit": os.waitstatus_to_exitcode(status), "ended": ended}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
