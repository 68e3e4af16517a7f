"""Trials of a comparison that are taken from a file of records, or added to it."""

import io

import pytest
from made_trials import result

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.compare.trials import run_trials
from cli.compare.workers import Job
from models.trials.records import Record, RecordFile


@pytest.fixture
def jobs(tmp_path):
    return [
        Job(name, seed, tmp_path / "trials" / name / str(seed), f"{name}-{seed}", {}, f"{name}:set")
        for name in ("mmoe", "ple")
        for seed in (0, 1)
    ]


def run(jobs, records):
    stream = io.StringIO()
    with Progress(console_on(stream), seconds=600) as progress:
        outcomes = run_trials(jobs, 1, progress, records)
    return outcomes, stream.getvalue()


def test_recorded_trials_are_not_run_and_finished_ones_are_recorded(jobs, tmp_path):
    path = tmp_path / "records.jsonl"
    for seed in (0, 1):
        made = Record(("mmoe", seed, "mmoe:set"), result("mmoe", seed, 0.6, 0.7))
        RecordFile(path).add(made)
    for job in jobs[1:]:
        job.folder.mkdir(parents=True)
        result(job.model, job.seed, 0.62, 0.7).write(job.folder)
    # A worker would need a model and rows: none is started.
    outcomes, lines = run(jobs, RecordFile(path))
    assert [outcome.job for outcome in outcomes] == jobs
    auc = [x.result.metrics["eval"]["click"]["home"]["auc"] for x in outcomes]
    # What is in the trial's folder comes before a record, whose scores are gone.
    assert auc == [0.6, 0.62, 0.62, 0.62]
    assert lines.count("recorded") == 1 and lines.count("finished before") == 3
    trials = [record.trial for record in RecordFile(path)]
    assert trials == [(name, seed, f"{name}:set") for name in ("mmoe", "ple") for seed in (0, 1)]


def test_without_a_file_nothing_is_recorded(jobs, tmp_path):
    for job in jobs:
        job.folder.mkdir(parents=True)
        result(job.model, job.seed, 0.62, 0.7).write(job.folder)
    assert len(run(jobs, None)[0]) == 4
    assert not list(tmp_path.rglob("*.jsonl"))
