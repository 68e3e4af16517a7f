"""Which epochs does the training's monitor keep, and what are they worth?

    python -m benchmarks.proof.claims.monitor_epochs --rows 60000 --seeds 10 [--models mmoe]

One training a seed and model, without early stopping, on the default mix of seven scenarios;
every monitor then chooses among the same epochs. Worth is the noise-free AUC of
P(label | parent), the mean over labels and scenarios, on rows of which every scenario has
equally many. A tenth of the log is for validation: a few conversions a scenario.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import dataclasses
import math
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.proof.claims.epoch_scores import EpochScores, epoch_scores
from benchmarks.proof.models.settings import SIZES
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import markdown, shown
from benchmarks.proof.worlds.rows import load_rows, world_rows
from models.losses.label_space import LabelSpace
from models.metrics.names import AUC, LOGLOSS
from models.metrics.significance import mean_interval, paired_difference
from models.training.monitor import Monitor
from models.training.scenario_groups import NORMALIZED_ENTROPY
from models.training.validation import validation_metrics

WORLD = "default"
TRAINING: dict[str, Any] = {"batch_size": 1024, "max_epochs": 10, "learning_rate": 3e-4}
LABELS = ("click", "action_given_click", "conversion_given_click")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A monitor and its patience."""

    monitor: str
    patience: int


BEFORE = Rule(AUC, 1)
"""The default before `normalized_entropy`."""

RULES = (BEFORE, Rule(AUC, 2), Rule(LOGLOSS, 2), Rule(NORMALIZED_ENTROPY, 2))


def kept_epoch(
    values: Sequence[float], better: Callable[[float, float], bool], patience: int
) -> int:
    """Returns the epoch, from 0, that a training with these monitored values keeps."""
    best = 0
    for epoch, value in enumerate(values):
        if epoch and better(value, values[best]):
            best = epoch
        if epoch - best >= patience:
            break
    return best


def worth(found: EpochScores) -> np.ndarray:
    """The mean noise-free AUC over labels and scenarios after every epoch, [E]."""
    aucs: np.ndarray = np.mean([found.aucs[label].mean(axis=1) for label in LABELS], axis=0)
    return aucs


def choices(place: pathlib.Path, found: EpochScores) -> dict[Rule, int]:
    """Returns the epoch that every rule keeps."""
    data, _ = load_rows(place)
    conditionals = LabelSpace(data.tasks).conditionals
    kept = {}
    for rule in RULES:
        monitor = Monitor(rule.monitor, data.validation, conditionals, data.layout.scenarios)
        values = []
        for epoch in range(len(worth(found))):
            scores = {output: epochs[epoch] for output, epochs in found.scores.items()}
            metrics = validation_metrics(data.validation, scores, scores)
            values.append(monitor.value(metrics, monitor.by_scenario(scores)))
        kept[rule] = kept_epoch(values, monitor.better, rule.patience)
    return kept


def main() -> None:
    """Prints what the epochs that each rule keeps are worth, and the differences."""
    given = add_options(parser(__doc__))
    values: dict[Rule, dict[int, float]] = {rule: {} for rule in RULES}
    epochs: dict[Rule, list[int]] = {rule: [] for rule in RULES}
    best: list[float] = []
    models = given.models or ("mmoe",)
    for index, seed in enumerate(claim_seeds(given)):
        place = world_rows(given.out / "rows", WORLD, seed, given.rows)
        for number, label in enumerate(models):
            file = given.out / "epochs" / f"{WORLD}-{seed}-{given.rows}-{label}.npz"
            model = {**SIZES[label], "dropout": 0.2}
            found = epoch_scores(place, model, {**TRAINING, "seed": seed}, file)
            print(f"{file.stem}  {' '.join(f'{x:.4f}' for x in worth(found))}", flush=True)
            best.append(float(worth(found).max()))
            for rule, epoch in choices(place, found).items():
                values[rule][index * len(models) + number] = float(worth(found)[epoch])
                epochs[rule].append(epoch + 1)
    print(table(values, epochs))
    print(f"the best epoch of each: {shown(mean_interval(best))}")


def table(values: dict[Rule, dict[int, float]], epochs: dict[Rule, list[int]]) -> str:
    """A row a rule: what the epochs that it keeps are worth, and more than the first two's."""
    rows = []
    for rule in RULES:
        cells = [shown(mean_interval(list(values[rule].values())))]
        for other in RULES[:2]:
            found = paired_difference(values[rule], values[other])
            p = "" if math.isnan(found.p) else f" (p {found.p:.3f})"
            cells.append(f"{found.interval.mean:+.4f} ± {found.interval.half:.4f}{p}")
        kept = f"{np.mean(epochs[rule]):.1f}"
        rows.append([f"{rule.monitor}, patience {rule.patience}", *cells, kept])
    against = [f"against {rule.monitor}, patience {rule.patience}" for rule in RULES[:2]]
    return markdown(["monitor", "noise-free AUC", *against, "epoch kept"], rows)


if __name__ == "__main__":
    main()
