"""Do models of many scenarios beat Shared-Bottom with the scenario id, and where?

    python -m benchmarks.proof.claims.default_mix [--world even_shares] [--out work/proof]

Noise-free AUC on the default mix of seven scenarios, and the regrets (what is missing to the
best possible) on the two scenarios with less than 1 % of the impressions and the two largest.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.worlds.kinds import MINOR

BASELINES = ("shared_bottom", "mmoe, task", "mmoe", "ple, task", "ple")
MAJOR = (0, 1)


def _mean(quantity: str, scenarios: tuple[int, ...] = ()) -> Value:
    def value(one: Judged) -> float:
        aucs = one.aucs[quantity]
        return float(np.mean(aucs[list(scenarios)] if scenarios else aucs))

    return value


def _regret(scenarios: tuple[int, ...]) -> Value:
    def value(one: Judged) -> float:
        both = [one.regret(x)[list(scenarios)] for x in ("click", "click_and_conversion")]
        return float(np.mean(both))

    return value


VALUES: dict[str, Value] = {
    "click": _mean("click"),
    "click_and_conversion": _mean("click_and_conversion"),
    "regret, minor scenarios": _regret(MINOR),
    "regret, major scenarios": _regret(MAJOR),
}


def main() -> None:
    """Prints the tables."""
    options = parser(__doc__)
    options.add_argument("--world", default="default")
    given = add_options(options)
    wanted = [
        Wanted(label, given.world, seed, MODELS[label], TRAINING)
        for seed in claim_seeds(given)
        for label in given.models or COMPARED
    ]
    judged = run_given(wanted, given, "default_mix")
    print(means(judged, VALUES))
    for baseline in BASELINES:
        if baseline in {one.wanted.label for one in judged}:
            print(differences(judged, baseline, VALUES))
    leaks = max(float(np.max(-one.regret(x))) for one in judged for x in one.bayes)
    print(f"largest AUC above the best possible: {max(leaks, 0):.4f}")


if __name__ == "__main__":
    main()
