"""Do models that read what a user clicked before rank better where it matters, and only there?

    python -m benchmarks.proof.claims.histories [--world idle_histories] [--out work/proof]

The same model with every setting of `histories`. In the world `histories` the last ten clicks
have an effect on the next one; in `idle_histories` the lists are there and say nothing.
Noise-free AUC on balanced rows that come right after the log, and the regrets. A training that
ranks the log's own last day better than is possible has seen what it must not: an error.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from typing import Any, get_args

import numpy as np

from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.leaks import STANDARD_ERRORS
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from components.bayes_check.judge import refusal
from models.config import Histories

HISTORIES = get_args(Histories)
"""The settings of `model.histories`; the first, `none`, is what the others are held against."""

CHANGED: dict[str, Any] = {}
"""What a small search on worlds of `TUNING_SEEDS` changed, for all settings alike."""


def label(model: str, histories: str) -> str:
    """The name of a variant in tables."""
    return f"{model}, {histories}"


def _auc(quantity: str) -> Value:
    return lambda one: float(np.mean(one.aucs[quantity]))


def _regret(quantity: str) -> Value:
    return lambda one: float(np.mean(one.regret(quantity)))


VALUES: dict[str, Value] = {
    f"{quantity}{suffix}": value(quantity)
    for quantity in ("click", "click_and_conversion")
    for suffix, value in (("", _auc), (", regret", _regret))
}


def check_leaks(judged: list[Judged]) -> None:
    """Refuses trainings that are better than is possible.

    Raises:
      RuntimeError: there is one.
    """
    for one in judged:
        if one.leaks:
            where = f"{one.wanted.world}, {one.wanted.label}, seed {one.wanted.seed}"
            raise RuntimeError(f"{where}: {refusal(one.leaks, STANDARD_ERRORS)}")


def main() -> None:
    """Prints the tables."""
    options = parser(__doc__)
    options.add_argument("--world", default="histories")
    options.add_argument("--histories", nargs="*", choices=HISTORIES, default=list(HISTORIES))
    given = add_options(options)
    models = given.models or ["mmoe"]
    wanted = [
        Wanted(
            label(model, histories),
            given.world,
            seed,
            {**MODELS[model], **CHANGED, "histories": histories},
            TRAINING,
        )
        for seed in claim_seeds(given)
        for model in models
        for histories in given.histories
    ]
    judged = run_given(wanted, given, "histories")
    check_leaks(judged)
    print(means(judged, VALUES))
    for model in models:
        labels = [label(model, histories) for histories in given.histories]
        if HISTORIES[0] in given.histories:
            own = [one for one in judged if one.wanted.label in labels]
            print(differences(own, label(model, HISTORIES[0]), VALUES))


if __name__ == "__main__":
    main()
