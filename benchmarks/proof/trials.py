"""Trials on worlds: run once, some at a time, and judged by the true probabilities."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.proof.leaks import above_bayes
from benchmarks.proof.rows import (
    BALANCED,
    load_rows,
    load_truth,
    rows_of_one_scenario,
    world_rows,
)
from benchmarks.proof.soft_metrics import bayes_aucs, soft_aucs, unclicked_calibration
from cli.compare.workers import Job, Outcome, cores, run_jobs
from common.names import EVAL
from components.bayes_check.judge import Comparison
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY
from models.registry import parse_model_config
from models.trials.data import TrialData
from models.trials.result import TrialResult, read_scores
from models.trials.trial import trial_code, trial_fingerprint


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One training that a claim needs.

    Attributes:
      label: the variant's name in tables.
      world: a name of `worlds.WORLDS`.
      seed: of world, log and training.
      model: values of the model config.
      training: values of the training config, but its seed.
      scenario: the only scenario whose rows are learned from; None for all.
    """

    label: str
    world: str
    seed: int
    model: dict[str, Any]
    training: dict[str, Any]
    scenario: int | None = None


@dataclasses.dataclass(frozen=True)
class Judged:
    """A finished training, judged on the balanced rows of its world.

    Attributes:
      wanted: which.
      result: what the trial measured.
      aucs: quantity -> noise-free AUC of every scenario, [K].
      bayes: quantity -> the largest possible, [K].
      calibration: predicted over true P(conversion | click) on rows that are not clicked.
      folder: the trial's.
      leaks: outputs and scenarios of the log's eval rows that are ranked better than is possible
        by more than three standard errors: the training has seen what it must not.
    """

    wanted: Wanted
    result: TrialResult
    aucs: dict[str, np.ndarray]
    bayes: dict[str, np.ndarray]
    calibration: float
    folder: pathlib.Path
    leaks: tuple[Comparison, ...] = ()

    def regret(self, quantity: str) -> np.ndarray:
        """What is missing to the largest possible AUC in every scenario, [K]."""
        return self.bayes[quantity] - self.aucs[quantity]


def run_all(
    wanted: Sequence[Wanted],
    folder: pathlib.Path,
    rows: int,
    processes: int | None = None,
    code: str | None = None,
) -> list[Judged]:
    """Trains what is wanted and not there yet; prints a line for each.

    Args:
      wanted: the trainings.
      folder: keeps rows and results for the next call.
      rows: impressions of a log before its eval day.
      processes: trainings at a time; None for one a core.
      code: digest of our source; results of another one are trained again.

    Raises:
      RuntimeError: a training failed; the others went on.
    """
    code = code or trial_code()
    places = {
        (one.world, one.seed): world_rows(folder / "rows", one.world, one.seed, rows)
        for one in wanted
    }
    jobs = [_job(one, places[one.world, one.seed], folder / "trials", code) for one in wanted]
    done = 0

    def report(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        said = outcome.error or f"monitor {outcome.result.monitor:.4f}"  # type: ignore[union-attr]
        place = outcome.job.folder.relative_to(folder / "trials")
        print(f"{done}/{len(jobs)} {place} {outcome.seconds:.0f} s  {said}", flush=True)

    outcomes = run_jobs(jobs, processes or cores(), report)
    failed = [outcome for outcome in outcomes if outcome.result is None]
    if failed:
        raise RuntimeError(f"{len(failed)} trainings failed, see {failed[0].job.log_path}")
    return [
        judge(one, outcome.result, job.folder, places[one.world, one.seed])  # type: ignore[arg-type]
        for one, outcome, job in zip(wanted, outcomes, jobs, strict=True)
    ]


def judge(one: Wanted, result: TrialResult, trial: pathlib.Path, place: pathlib.Path) -> Judged:
    """Judges a trial by its scores of the balanced rows."""
    data, truth = load_rows(place)
    scenario = data.extra[BALANCED].column(SCENARIO_KEY)
    scores, scenarios = read_scores(trial, BALANCED), len(data.layout.scenarios)
    return Judged(
        one,
        result,
        soft_aucs(scores, truth, scenario, scenarios),
        bayes_aucs(truth, scenario, scenarios),
        unclicked_calibration(scores, truth),
        trial,
        above_bayes(read_scores(trial, EVAL), data, load_truth(place, EVAL)),
    )


def _job(one: Wanted, place: pathlib.Path, trials: pathlib.Path, code: str) -> Job:
    model = parse_model_config(one.model)
    training = TrainingConfig(**{**one.training, "seed": one.seed})
    rows = place / "data"
    if one.scenario is not None:
        rows = rows_of_one_scenario(place, one.scenario)
    data = TrialData.load(rows)
    folder = trials / one.world / one.label / str(one.seed)
    spec = {
        "data": str(rows),
        "model": model.model_dump(mode="json"),
        "training": training.model_dump(mode="json"),
        "folder": str(folder),
        "code": code,
    }
    fingerprint = trial_fingerprint(data.fingerprint, model, training, code)
    return Job(one.label, one.seed, folder, fingerprint, spec)
