"""How hard must a search be pushed to remove flows? Chosen on worlds that no claim uses.

    python -m benchmarks.proof.flow_penalty [--penalties 0 -0.001 ...] [--out work/proof]

AutoIFS is trained with several weights of the mean gate (`gate_penalty`; gates remove, so
that a negative one asks for it) on the planted worlds of a tuning seed. Only what a user
has is printed of quality, the validation AUC; the flows kept stand beside it.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.proof.flows import (
    CARRY_NOTHING,
    SEARCHED,
    kept_flows,
    planted_precision_and_recall,
)
from benchmarks.proof.options import add_options, parser
from benchmarks.proof.settings import TRAINING
from benchmarks.proof.tables import markdown
from benchmarks.proof.trials import Wanted, run_all
from benchmarks.proof.worlds import TUNING_SEEDS
from models.layers.information_flows import FLOWS

PENALTIES = (0.0, -0.001, -0.003, -0.01, -0.03)


def main() -> None:
    """Prints a row a world and penalty."""
    options = parser(__doc__)
    options.add_argument("--world", nargs="*", default=list(CARRY_NOTHING))
    options.add_argument("--penalties", nargs="*", type=float, default=list(PENALTIES))
    given = add_options(options)
    wanted = [
        Wanted(
            f"searched, gate_penalty={penalty}",
            world,
            TUNING_SEEDS[0],
            {**SEARCHED, "gate_penalty": penalty},
            TRAINING,
        )
        for world in given.world
        for penalty in given.penalties
    ]
    rows = []
    for one in run_all(wanted, given.out, given.rows, given.jobs, given.code):
        kept = kept_flows(one)
        planted = planted_precision_and_recall(kept, one.wanted.world)
        cells = [*planted, *kept.mean(axis=(0, 1))]
        penalty = f"{one.wanted.model['gate_penalty']:g}"
        shares = [f"{cell:.2f}" for cell in cells]
        rows.append([one.wanted.world, penalty, f"{one.result.monitor:.4f}", *shares])
    header = ["world", "gate_penalty", "validation AUC", "precision of what can carry"]
    print(markdown([*header, "cells that keep one", *FLOWS], rows))


if __name__ == "__main__":
    main()
