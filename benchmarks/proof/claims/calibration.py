"""Is a calibrated model nearer to the truth, in scenarios with many rows and with few?

    python -m benchmarks.proof.claims.calibration [--models mmoe] [--seeds 11 12 13] [--rows 60000]

One training a seed and model, on a log whose true probabilities are known; every calibration is
fitted on its validation rows and judged on later ones. Both numbers are of scores against true
probabilities, so that no drawn label adds noise: the log loss beyond that of the truth (the
Kullback-Leibler divergence, in thousandths of a nat), and the calibration error, the mean over
deciles by score of |predicted - true|, over the mean true probability. Each is the mean over the
outputs, each in its own space, of the large scenarios and of those with less than 1 % of the rows.
The seeds of claims judge; n0 was chosen on others.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pathlib
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from benchmarks.joint_calibration import TRUE
from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.tables import markdown, shown
from benchmarks.proof.worlds.kinds import MINOR, SCENARIOS
from benchmarks.synthetic_rows import made_rows
from data.synthetic.config import WorldConfig
from models.calibration.calibration import Calibration
from models.calibration.fitting import fit_curves
from models.config import TrainingConfig
from models.features.inputs import SCENARIO_KEY
from models.metrics.calibration import deciles
from models.metrics.significance import mean_interval, paired_difference
from models.registry import parse_model_config
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.fit import ranker_maker
from models.training.loop import TrainingLoop
from models.training.scoring import make_scorer
from models.trials.data import TrialData
from models.trials.trial import whole_budget

POOLED = 1e12
"""An n0 with which no scenario has a curve of its own."""

LARGE = tuple(k for k in range(SCENARIOS) if k not in MINOR)
COLUMNS = ("log loss, large", "log loss, minor", "error, large", "error, minor")

LogOdds = Mapping[str, np.ndarray]


def judge(log_odds: LogOdds, truth: LogOdds, scenario: np.ndarray) -> dict[str, float]:
    """Returns a number for each of `COLUMNS`.

    Args:
      log_odds: output -> [N].
      truth: true probabilities by column, [N].
      scenario: of the rows, int [N].
    """
    losses, errors = np.zeros((2, len(TRUE), SCENARIOS))
    for index, (output, (target, space)) in enumerate(TRUE.items()):
        weight = np.ones(len(scenario)) if space is None else truth[space]
        true = truth[target] / weight
        scored = 1 / (1 + np.exp(-log_odds[output].astype(np.float64)))
        divergence = true * np.log(true / scored) + (1 - true) * np.log((1 - true) / (1 - scored))
        for k in range(SCENARIOS):
            rows = scenario == k
            losses[index, k] = 1000 * np.average(divergence[rows], weights=weight[rows])
            tenths = np.array(deciles(true[rows], scored[rows], weight[rows]))
            rate = np.average(true[rows], weights=weight[rows])
            errors[index, k] = np.nanmean(np.abs(tenths[:, 0] - tenths[:, 1])) / rate
    groups = ((losses, LARGE), (losses, MINOR), (errors, LARGE), (errors, MINOR))
    found = (float(values[:, list(scenarios)].mean()) for values, scenarios in groups)
    return dict(zip(COLUMNS, found, strict=True))


def scored(data: TrialData, label: str, seed: int, folder: pathlib.Path) -> tuple[LogOdds, LogOdds]:
    """Trains a model; returns its log-odds of the validation and the judged rows."""
    training = whole_budget(TrainingConfig(**{**TRAINING, "seed": seed}))
    model = parse_model_config(MODELS[label])
    ranker = ranker_maker(data.layout, data.tasks, model, training, data.train, data.base_rates)()
    checkpoints = Checkpoints(folder / "checkpoints", label, ranker)
    log = str(folder / "log")
    TrainingLoop(ranker, data.train, data.validation, training, checkpoints, log).run()
    validation, judged = (
        make_scorer(ranker, rows, training.batch_size, log_odds=True)(rows)
        for rows in (data.validation, data.eval)
    )
    return validation, judged


def calibrated(
    method: str, rows: float, data: TrialData, validation: LogOdds, judged: LogOdds
) -> LogOdds:
    """Returns the judged rows' log-odds after a calibration that validation has fitted."""
    if method == "none":
        return judged
    curves, _ = fit_curves(method, rows, data.validation, validation, data.layout.scenarios)
    tensors = {output: tf.constant(values) for output, values in judged.items()}
    found = Calibration(data.tasks, curves)(tensors, tf.constant(data.eval.column(SCENARIO_KEY)))
    return {output: values.numpy() for output, values in found.items()}


def table(found: Mapping[str, Mapping[int, Mapping[str, float]]]) -> str:
    """A row a variant: means over seeds, and paired differences to the model as it was learned."""
    rows = []
    for variant, seeds in found.items():
        row = [variant]
        for column in COLUMNS:
            values = {seed: one[column] for seed, one in seeds.items()}
            cell = shown(mean_interval([*values.values()]), 3)
            if variant != "none":
                learned = {seed: one[column] for seed, one in found["none"].items()}
                interval = paired_difference(values, learned).interval
                cell = f"{shown(mean_interval([*values.values()]), 3).split()[0]} "
                cell += f"({interval.mean:+.3f} ± {interval.half:.3f})"
            row.append(cell)
        rows.append(row)
    return markdown(["calibration", *COLUMNS], rows)


def variants(prior: Sequence[float]) -> dict[str, tuple[str, float]]:
    """Label -> (method, n0); with the pooled curve alone and the scenario's own alone too."""
    found = {"none": ("none", 0.0)}
    for method in ("platt", "isotonic"):
        found[f"{method}, pooled alone"] = (method, POOLED)
        found |= {f"{method}, n0 {rows:g}": (method, rows) for rows in prior}
        found[f"{method}, own alone"] = (method, 0.0)
    return found


def main() -> None:
    """Prints a line a seed and calibration, and a table a model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", choices=MODELS, default=["mmoe"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--rows", type=int, default=60_000, help="train and validation rows")
    parser.add_argument("--judged", type=int, default=100_000, help="rows that judge")
    parser.add_argument("--prior", type=float, nargs="*", default=[50.0], help="n0 to try")
    given = parser.parse_args()
    for label in given.models:
        found: dict[str, dict[int, dict[str, float]]] = {x: {} for x in variants(given.prior)}
        for seed in given.seeds:
            data, truth = made_rows(WorldConfig(seed=seed), seed, given.rows, given.judged)
            with tempfile.TemporaryDirectory() as folder:
                validation, judged = scored(data, label, seed, pathlib.Path(folder))
            scenario = data.eval.column(SCENARIO_KEY)
            for variant, (method, rows) in variants(given.prior).items():
                changed = calibrated(method, rows, data, validation, judged)
                found[variant][seed] = judge(changed, truth, scenario)
                said = "  ".join(f"{x} {value:.3f}" for x, value in found[variant][seed].items())
                print(f"{label}, seed {seed}, {variant}: {said}", flush=True)
        print(f"\n### {label}\n\n{table(found)}")


if __name__ == "__main__":
    main()
