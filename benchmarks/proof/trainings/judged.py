"""Trainings on worlds, judged by the true probabilities."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np

from benchmarks.proof.trainings.leaks import above_bayes
from benchmarks.proof.trainings.soft_metrics import bayes_aucs, soft_aucs, unclicked_calibration
from benchmarks.proof.worlds.rows import BALANCED, load_rows, load_truth
from common.names import EVAL
from components.bayes_check.judge import Comparison
from models.features.inputs import SCENARIO_KEY
from models.trials.result import TrialResult, read_scores


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One training that a claim needs.

    Attributes:
      label: the variant's name in tables.
      world: a name of `kinds.WORLDS`.
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

    @property
    def block(self) -> tuple[str, int]:
        """What the trainings that are compared with each other share: the world and the seed."""
        return self.world, self.seed


@dataclasses.dataclass(frozen=True)
class Judged:
    """A finished training, judged on the balanced rows of its world.

    Attributes:
      wanted: which.
      result: what the trial measured.
      aucs: quantity -> noise-free AUC of every scenario, [K].
      bayes: quantity -> the largest possible, [K].
      calibration: predicted over true P(conversion | click) on rows that are not clicked.
      explanation: what `explain.json` says; {} where the model explains nothing.
      leaks: outputs and scenarios of the log's eval rows that are ranked better than is possible
        by more than three standard errors: the training has seen what it must not.
      folder: the trial's, with its scores; None for one from the records.
    """

    wanted: Wanted
    result: TrialResult
    aucs: dict[str, np.ndarray]
    bayes: dict[str, np.ndarray]
    calibration: float
    explanation: dict[str, Any] = dataclasses.field(default_factory=dict)
    leaks: tuple[Comparison, ...] = ()
    folder: pathlib.Path | None = None

    def regret(self, quantity: str) -> np.ndarray:
        """The gap to the largest possible AUC in every scenario, [K]."""
        return self.bayes[quantity] - self.aucs[quantity]


def judge(one: Wanted, result: TrialResult, trial: pathlib.Path, place: pathlib.Path) -> Judged:
    """Judges a trial by its scores of the balanced rows.

    Args:
      one: the training.
      result: of the trial.
      trial: the trial's folder.
      place: what `world_rows` returned.
    """
    data, truth = load_rows(place)
    scenario = data.extra[BALANCED].column(SCENARIO_KEY)
    scores, scenarios = read_scores(trial, BALANCED), len(data.layout.scenarios)
    explained = trial / "explain.json"
    leaks: tuple[Comparison, ...] = ()
    if one.scenario is None:
        leaks = above_bayes(read_scores(trial, EVAL), data, load_truth(place, EVAL))
    return Judged(
        one,
        result,
        soft_aucs(scores, truth, scenario, scenarios),
        bayes_aucs(truth, scenario, scenarios),
        unclicked_calibration(scores, truth),
        json.loads(explained.read_text(encoding="utf-8")) if explained.is_file() else {},
        leaks,
        trial,
    )
