"""The trials' processes, with a worker that takes no time."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest
from made_trials import result

from cli.compare.workers import Job, run_jobs, run_unfinished
from common.source_digest import ROOT

WORKER = """
import json, os, pathlib, sys, time
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(job["folder"])
with (folder / "starts").open("a") as file:
    file.write(f"{os.getpid()} {os.environ['TF_NUM_INTRAOP_THREADS']}\\n")
if job["do"] == "fail":
    raise ValueError("no such luck")
if job["do"] == "wait":
    from cli.compare.trial_process import end_with_parent
    end_with_parent()
    (folder / "waits").touch()
    time.sleep(60)
while job["after"] and not pathlib.Path(job["after"]).exists():
    time.sleep(0.01)
(folder / "result.json").write_text(job["result"])
"""


@pytest.fixture
def command(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    return [sys.executable, str(script)]


def job(folder: pathlib.Path, seed: int, do: str = "finish", after: str = "") -> Job:
    made = result("mmoe", seed, 0.6, 0.7)
    place = folder / f"seed-{seed}"
    (folder / "made").mkdir(exist_ok=True)
    made.write(folder / "made")
    text = (folder / "made" / "result.json").read_text()
    spec = {"do": do, "after": after, "folder": str(place), "result": text}
    return Job("mmoe", seed, place, made.fingerprint, spec)


def starts(job: Job) -> int:
    path = job.folder / "starts"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_finished_trials_are_not_run_again(tmp_path, command):
    jobs = [job(tmp_path, seed) for seed in range(3)]
    told = []
    first = run_jobs(jobs[:2], 2, told.append, command)
    assert [outcome.result.seed for outcome in first] == [0, 1]
    second = run_jobs(jobs, 2, told.append, command)
    assert [starts(x) for x in jobs] == [1, 1, 1]
    assert [outcome.seconds > 0 for outcome in second] == [False, False, True]
    assert len(told) == 5


def test_a_result_of_other_settings_is_replaced(tmp_path, command):
    (only,) = jobs = [job(tmp_path, 0)]
    run_jobs(jobs, 1, lambda outcome: None, command)
    changed = dataclasses.replace(only, fingerprint="another")
    (outcome,) = run_jobs([changed], 1, lambda outcome: None, command)
    assert starts(only) == 2
    # This worker writes the old fingerprint again, which is not the result that was asked for.
    assert outcome.result is None


def test_a_failed_trial_is_told_and_the_others_go_on(tmp_path, command):
    jobs = [job(tmp_path, 0, "fail"), job(tmp_path, 1)]
    failed, finished = run_jobs(jobs, 1, lambda outcome: None, command)
    assert failed.result is None and finished.result is not None
    assert failed.error == "exit status 1: ValueError: no such luck"
    assert "Traceback" in failed.job.log_path.read_text()


def test_jobs_are_taken_when_a_process_is_free(tmp_path, command):
    taken, ended = [], []

    def jobs():
        for seed in range(3):
            taken.append((seed, len(ended)))
            yield job(tmp_path, seed)

    found = run_unfinished(jobs(), 1, ended.append, command)
    # Each is prepared after the one before has ended.
    assert taken == [(0, 0), (1, 1), (2, 2)]
    assert found == ended and [outcome.result.seed for outcome in found] == [0, 1, 2]


def test_an_iterator_that_ends_early_starts_no_more(tmp_path, command):
    jobs = (job(tmp_path, seed) for seed in range(2))
    found = run_unfinished(jobs, 5, lambda outcome: None, command)
    assert sorted(outcome.job.seed for outcome in found) == [0, 1]


def test_processes_share_the_cores(tmp_path, command, monkeypatch):
    monkeypatch.setattr("cli.compare.workers.cores", lambda: 8)
    run_jobs([job(tmp_path, 0)], 3, lambda outcome: None, command)
    assert (tmp_path / "seed-0" / "starts").read_text().split()[1] == "2"


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = pathlib.Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_processes_end_with_an_interrupted_parent(tmp_path, command):
    def interrupt(outcome):
        raise KeyboardInterrupt

    waiting = job(tmp_path, 0, "wait")
    jobs = [waiting, job(tmp_path, 1, after=str(waiting.folder / "waits"))]
    with pytest.raises(KeyboardInterrupt):
        run_jobs(jobs, 2, interrupt, command)
    assert ended(int((waiting.folder / "starts").read_text().split()[0]))


def test_a_process_ends_when_its_parent_is_gone(tmp_path, command):
    waiting = job(tmp_path, 0, "wait")
    waiting.folder.mkdir()
    (tmp_path / "job.json").write_text(json.dumps(waiting.spec))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
    with subprocess.Popen(
        [*command, str(tmp_path / "job.json")], env=env, stdin=subprocess.PIPE
    ) as process:
        while not (waiting.folder / "waits").exists():
            assert process.poll() is None
            time.sleep(0.02)
        # What a kill of the parent does to the pipe.
        process.stdin.close()
        assert process.wait(20) == 1
