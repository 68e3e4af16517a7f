"""Is every output calibrated on its own target, where half of the conversions come without a click?

    python -m benchmarks.joint_calibration [--models mmoe ...] [--seeds 11 12 13] [--rows 64000]

Synthetic logs whose true probabilities are known. A number is the sum of the predictions over
the sum of the true probabilities, of later rows, each in the output's own space (1 is right):
what is drawn in those rows adds no noise. Means and 95 % intervals are over seeds; a seed is a
world, a log and a training.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.proof.tables import markdown, shown
from benchmarks.synthetic_rows import made_rows, truth_at_position
from data.synthetic.config import WorldConfig
from models.config import TrainingConfig
from models.metrics.significance import mean_interval
from models.registry import names, parse_model_config
from models.trials.result import read_scores
from models.trials.trial import run_trial

VARIANTS: dict[str, dict[str, Any]] = {
    **{name: {"name": name} for name in names()},
    "autoifs": {"name": "autoifs", "search_epochs": 1},
    "csii, conditional": {"name": "csii", "loss_space": "conditional"},
    "aem2tl, published": {"name": "aem2tl", "losses": "total", "unclicked_initial_rate": 1e-3},
}
"""Every architecture as it is, and other settings of its losses."""

TRUE = {
    "click": ("true_ctr", None),
    "action_given_click": ("true_ctavr", "true_ctr"),
    "click_and_action": ("true_ctavr", None),
    "conversion_given_click": ("true_ctcvr", "true_ctr"),
    "click_and_conversion": ("true_ctcvr", None),
    "conversion": ("true_xcvr", None),
}
"""Output -> the column of its true probability in the entire space, and of its own space's."""

UNCLICKED = 0.008
"""P(conversion | no click), about as many conversions as come with a click."""


POSITION = 3
"""What serving fills in; see the schema."""


def calibrations(
    scores: Mapping[str, np.ndarray], truth: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Returns predicted over true of every output, in its own space.

    Args:
      scores: output -> [N].
      truth: the true probabilities by column, [N].
    """
    found = {}
    for output, (target, space) in TRUE.items():
        weight = 1.0 if space is None else truth[space]
        predicted = weight * scores[output].astype(np.float64)
        found[output] = float(predicted.sum() / truth[target].sum())
    return found


def main() -> None:
    """Prints a line a training, and the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="*", choices=VARIANTS, default=[*VARIANTS])
    parser.add_argument("--seeds", type=int, nargs="*", default=[11, 12, 13])
    parser.add_argument("--rows", type=int, default=64_000, help="train and validation rows")
    parser.add_argument("--judged", type=int, default=64_000, help="rows that judge")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--unclicked", type=float, default=UNCLICKED)
    parser.add_argument("--code", help="keep results of other source: a name for them")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("work/joint"))
    given = parser.parse_args()
    perfect = f"perfect, at position {POSITION}"
    labels = [*given.models, perfect]
    found: dict[str, list[dict[str, float]]] = {label: [] for label in labels}
    for seed in given.seeds:
        world = WorldConfig(
            seed=seed, users=5_000, items=1_000, unclicked_conversion=given.unclicked
        )
        fixed = truth_at_position(world, seed, 20_000, POSITION)
        found[perfect].append(
            {
                output: fixed[target] / (1.0 if space is None else fixed[space])
                for output, (target, space) in TRUE.items()
            }
        )
        data, truth = made_rows(world, seed, given.rows, given.judged)
        training = TrainingConfig(
            batch_size=given.batch, max_epochs=given.epochs, monitor="auc", seed=seed
        )
        for label in given.models:
            folder = given.out / label / str(seed)
            model = parse_model_config(VARIANTS[label])
            result = run_trial(data, model, training, folder, code=given.code)
            one = calibrations(read_scores(folder), truth)
            found[label].append({**one, "mean AUC": result.mean_auc()})
            said = "  ".join(f"{name} {value:.3f}" for name, value in one.items())
            print(f"{label}, seed {seed}, {result.seconds or 0:.0f} s: {said}", flush=True)
    columns = [*TRUE, "mean AUC"]
    rows = []
    for label, ones in found.items():
        intervals = [mean_interval([one.get(name, math.nan) for one in ones]) for name in columns]
        rows.append([label, *(shown(x, 3) if x.seeds else "" for x in intervals)])
    print("\n" + markdown(["model", *columns], rows))


if __name__ == "__main__":
    main()
