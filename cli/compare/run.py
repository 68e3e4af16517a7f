"""A comparison from the data to its tables."""

from __future__ import annotations

import pathlib

from cli.common.console import console_on
from cli.common.progress import Progress
from cli.common.terminal import quiet_terminal
from cli.common.work_folder import make_run_directory, only_run_in
from cli.compare.conclusion import CompareResult, conclude
from cli.compare.entry import entered
from cli.compare.features import prepare_features
from cli.compare.plan import Comparison
from cli.compare.transfer.study import study_transfer
from cli.compare.trials import run_trials
from cli.compare.workers import Job
from common.errors import PolyrankError
from common.names import EVAL, TRAIN, VALIDATION
from models.trials.code import trial_code
from models.trials.data import TrialData
from models.trials.records import RecordFile
from models.trials.trial import trial_fingerprint
from pipeline.locations import Locations


def compare_locally(
    comparison: Comparison,
    work_dir: str | pathlib.Path,
    out: pathlib.Path,
    processes: int,
    *,
    records: RecordFile | None = None,
    transfer: bool = False,
    people_read_stderr: bool = False,
    log_everything: bool = False,
) -> CompareResult:
    """Makes the features, runs the trials that are not finished yet, and writes the tables.

    Args:
      comparison: what to compare.
      work_dir: the data and features are below it.
      out: the trials and tables.
      processes: trials at a time.
      records: finished trials that are taken from it, and added to it.
      transfer: whether its only model is trained on all rows, without and on each scenario's.
      people_read_stderr: True where stdout must stay free for a machine.
      log_everything: the log holds what other libraries say of their progress too.

    Raises:
      PolyrankError: the features could not be made, a folder can't be written, or another
        run is using it.
    """
    locations = Locations(str(pathlib.Path(work_dir).resolve()), comparison.config.name)
    out = out.resolve()
    if out == pathlib.Path(locations.work_dir):
        raise PolyrankError(f"--out is the work folder {out}; give a folder of its own")
    with only_run_in(locations.work_dir), only_run_in(out, "--out"):
        directory = make_run_directory(locations.runs_dir)
        log_path = directory / "run.log"
        with (
            quiet_terminal(
                log_path, people_read_stderr=people_read_stderr, log_everything=log_everything
            ) as terminal,
            Progress(console_on(terminal)) as progress,
            entered(directory, comparison, out) as ended,
        ):
            folder = prepare_features(comparison.config, locations, directory, progress)
            run = study_transfer if transfer else _compare
            result = run(comparison, folder, out, processes, progress, records)
            ended(result.document)
            return result


def _compare(
    comparison: Comparison,
    features: pathlib.Path,
    out: pathlib.Path,
    processes: int,
    progress: Progress,
    records: RecordFile | None,
) -> CompareResult:
    outcomes = run_trials(make_jobs(comparison, features, out), processes, progress, records)
    progress.work_on("writing the tables and the plot")
    data = TrialData.load(features)
    rows = {TRAIN: len(data.train), VALIDATION: len(data.validation), EVAL: len(data.eval)}
    return conclude(comparison, rows, outcomes, out, progress)


def make_jobs(comparison: Comparison, features: pathlib.Path, out: pathlib.Path) -> list[Job]:
    """Describes every trial of a comparison.

    Args:
      comparison: what is compared.
      features: the folder of the saved TrialData.
      out: the trials' folders are below it.
    """
    data = TrialData.load(features).fingerprint
    codes = {name: trial_code(name) for name in comparison.models}
    jobs = []
    for name, seed in comparison.trials:
        model, training = comparison.models[name], comparison.training(seed)
        # Not every file system has names with a colon.
        folder = out / "trials" / name.replace(":", ".") / f"seed-{seed}"
        code = codes[name]
        spec = {
            "data": str(features),
            "model": model.model_dump(mode="json"),
            "training": training.model_dump(mode="json"),
            "folder": str(folder),
            "code": code,
            "source": code,
        }
        fingerprint = trial_fingerprint(data, model, training, code)
        settings = trial_fingerprint(data, model, training, "")
        jobs.append(Job(name, seed, folder, fingerprint, spec, settings))
    return jobs
