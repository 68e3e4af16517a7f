"""The small search that every model of the claims gets: the same candidates for all.

    python -m benchmarks.proof.search [--rows 200000] [--out work/proof]

Candidates are trained on a world of the tuning seeds and judged by the mean validation AUC
over all outputs, as a user without ground truth would. `settings.CHOSEN` is what
was made of it, and docs/results.md says why.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from typing import Any

from benchmarks.proof.options import add_options, parser
from benchmarks.proof.settings import COMPARED, POOLED, TRAINING, with_choice
from benchmarks.proof.tables import markdown
from benchmarks.proof.trials import Wanted, run_all
from benchmarks.proof.worlds import TUNING_SEEDS


def candidates(label: str) -> list[dict[str, Any]]:
    """What is tried for a model: dropout, and pooling where kernels are a scenario's own."""
    tried: list[dict[str, Any]] = [{"dropout": 0.2}, {"dropout": 0.4}]
    if label in POOLED:
        tried.append({"dropout": 0.2, "deviation_l2": 1e-5})
    return tried


def name_of(label: str, choice: dict[str, Any]) -> str:
    """Names a candidate."""
    return ", ".join([label, *(f"{key} {value}" for key, value in choice.items())])


def main() -> None:
    """Prints the validation AUC of every candidate; the best one of a model is marked."""
    given = add_options(parser(__doc__))
    wanted = [
        Wanted(
            name_of(label, choice),
            "default",
            TUNING_SEEDS[0],
            with_choice(label, choice),
            TRAINING,
        )
        for label in given.models or COMPARED
        for choice in candidates(label)
    ]
    judged = run_all(wanted, given.out, given.rows, given.jobs, given.code)
    found = {one.wanted.label: one.result.monitor for one in judged}
    rows = []
    for label in given.models or COMPARED:
        names = [name_of(label, choice) for choice in candidates(label)]
        best = max(names, key=lambda name: found[name])
        rows += [[name, f"{found[name]:.4f}", "x" if name == best else ""] for name in names]
    print(markdown(["candidate", "validation AUC", "chosen"], rows))


if __name__ == "__main__":
    main()
