"""Does AutoIFS remove the flows that a world lets carry nothing, and keep one that carries?

    python -m benchmarks.proof.claims.planted_flows [--tuning] [--searches plain] [--out work/proof]

Here the world's construction says which flows are useless: those of a scenario's own where
nothing depends on the scenario, those to a label's own where all labels have the same
reasons, and all flows of `action`, whose probability after a click is one number. The others
can stand in for each other, so that no mask must keep them all.

The searches: `published` has the published code's flows (subtractive), random heads and gate
rate. All others are ours, with additive flows, gates that start undecided and learn at the
training's rate: `plain` has no more than that, `penalty` a negative `gate_penalty`, which asks for
removal, another one also gates that learn from rows that the flows are not trained on, and the
last one asks for the removal of a scenario's or label's own flows only. Their numbers were chosen
with --tuning, on worlds that no claim uses. The wide part is off, so that everything flows.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import math
from typing import Any

import numpy as np

from benchmarks.proof.claims.flows import LABELS, SEARCHED
from benchmarks.proof.claims.masks import kept_flows
from benchmarks.proof.models.settings import TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import markdown, shown
from benchmarks.proof.trainings.trials import Wanted, run_given
from benchmarks.proof.worlds.kinds import TUNING_SEEDS
from models.metrics.significance import mean_interval
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

CAN_CARRY = {
    "no_scenario_effects": ("scenario_shared_to_task_shared", "scenario_shared_to_task_specific"),
    "no_task_effects": ("scenario_shared_to_task_shared", "scenario_specific_to_task_shared"),
}
"""World -> the flows that can carry something, for every label but `action`."""

SEARCHES: dict[str, dict[str, Any]] = {
    "plain": {},
    "published": {
        "fusion": "subtractive",
        "selection_start": "random",
        "gate_learning_rate": TRAINING["learning_rate"] / 100,
    },
    "penalty": {"gate_penalty": -1e-4},
    "penalty, holdout": {"gate_penalty": -1e-4, "search_holdout": 0.25},
    # None on the flow that all share: the others can do all that it does.
    "penalty of own flows, holdout": {
        "gate_penalty": (0.0, -3e-4, -3e-4, -3e-4),
        "search_holdout": 0.25,
    },
}
_SEARCHED = {**SEARCHED, "gate_learning_rate": None}


def precision_and_recall(kept: np.ndarray, world: str) -> tuple[float, float]:
    """How a mask fits what a world lets flow.

    Args:
      kept: bool [K, C, 4], labels as in `LABELS`.
      world: names what can carry something.

    Returns:
      Of the kept flows those that can carry something (NaN where none is kept), and of the
      (scenario, label)s with such flows those that keep one.
    """
    labels = np.array([label != "action" for label in LABELS])
    flows = np.array([flow in CAN_CARRY[world] for flow in FLOWS])
    right = kept & labels[:, np.newaxis] & flows
    precision = float(right.sum() / kept.sum()) if kept.any() else math.nan
    return precision, float(right.any(axis=2)[:, labels].mean())


def main() -> None:
    """Prints a row a world and search."""
    options = parser(__doc__)
    options.add_argument("--world", nargs="*", default=list(CAN_CARRY))
    options.add_argument("--searches", nargs="*", default=list(SEARCHES), choices=SEARCHES)
    options.add_argument("--tuning", action="store_true", help="on the worlds of tuning seeds")
    given = add_options(options)
    seeds = TUNING_SEEDS if given.tuning else claim_seeds(given)
    rows = []
    for world in given.world:
        for search in given.searches:
            model, label = {**_SEARCHED, **SEARCHES[search]}, f"planted, {search}"
            wanted = [Wanted(label, world, seed, model, TRAINING) for seed in seeds]
            found = run_given(wanted, given, "planted_flows")
            masks = np.array([kept_flows(one) for one in found])
            scores = [precision_and_recall(mask, world) for mask in masks]
            values = [[one.result.monitor for one in found], masks.mean(axis=(1, 2, 3)).tolist()]
            values += [[score[i] for score in scores] for i in range(2)]
            cells = [
                shown(mean_interval(value), 4 if not i else 2) for i, value in enumerate(values)
            ]
            flows = [f"{share:.2f}" for share in masks.mean(axis=(0, 1, 2))]
            rows.append([world, search, *cells, *flows])
    header = ["world", "search", "validation AUC", "kept", "precision", "recall", *FLOWS]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
