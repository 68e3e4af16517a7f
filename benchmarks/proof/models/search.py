"""The small search that every compared model gets: the same candidates for all.

    python -m benchmarks.proof.models.search [--pooling] [--rows 200000] [--out work/proof]

Candidates are trained on a world of the tuning seeds, with --pooling on two, and judged by the
mean validation AUC over all outputs, as a user without ground truth would. `settings.CHOSEN` is
what was made of it, and docs/results.md says why.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.proof.models.settings import COMPARED, POOLED, TRAINING, with_choice
from benchmarks.proof.options import add_options, parser
from benchmarks.proof.tables import by_label, markdown
from benchmarks.proof.trainings.trials import Wanted, run_given
from benchmarks.proof.worlds.kinds import TUNING_SEEDS

POOLINGS = (1e-5, 1e-4, 1e-3)


def candidates(label: str, pooling: bool = False) -> list[dict[str, Any]]:
    """What is tried for a model: dropout, and pooling where kernels are a scenario's own.

    Args:
      label: of `settings.SIZES`.
      pooling: whether the search is over how hard to pool, at one dropout.
    """
    if pooling:
        return [{"dropout": 0.2, "deviation_l2": value} for value in POOLINGS]
    tried: list[dict[str, Any]] = [{"dropout": 0.2}, {"dropout": 0.4}]
    if label in POOLED:
        tried.append({"dropout": 0.2, "deviation_l2": 1e-5})
    return tried


def name_of(label: str, choice: dict[str, Any]) -> str:
    """Names a candidate."""
    return ", ".join([label, *(f"{key} {value}" for key, value in choice.items())])


def trainings(labels: Sequence[str], pooling: bool = False) -> dict[str, list[Wanted]]:
    """Returns the trainings of every model's candidates, on one tuning world, or on all."""
    return {
        label: [
            Wanted(name_of(label, choice), "default", seed, with_choice(label, choice), TRAINING)
            for choice in candidates(label, pooling)
            for seed in (TUNING_SEEDS if pooling else TUNING_SEEDS[:1])
        ]
        for label in labels
    }


def main() -> None:
    """Prints every candidate's validation AUC, the mean over worlds; a model's best is marked."""
    options = parser(__doc__)
    options.add_argument(
        "--pooling", action="store_true", help="try how hard to pool, on every tuning world"
    )
    given = add_options(options)
    pooled = [label for label in COMPARED if label in POOLED]
    labels = given.models or (pooled if given.pooling else COMPARED)
    tried = trainings(labels, given.pooling)
    wanted = [one for ones in tried.values() for one in ones]
    judged = by_label(run_given(wanted, given, "search"))
    found = {
        name: float(np.mean([one.result.monitor for one in seeds.values()]))
        for name, seeds in judged.items()
    }
    rows = []
    for ones in tried.values():
        names = list(dict.fromkeys(one.label for one in ones))
        best = max(names, key=lambda name: found[name])
        rows += [[name, f"{found[name]:.4f}", "x" if name == best else ""] for name in names]
    print(markdown(["candidate", "validation AUC", "chosen"], rows))


if __name__ == "__main__":
    main()
