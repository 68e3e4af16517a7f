"""Does any scenario pay for the others?

    python -m benchmarks.proof.claims.no_seesaw --rows 400000 [--out work/proof]

The same network is trained on every scenario's rows alone. In each scenario a model is held
against the better of that one and Shared-Bottom on all rows; the worst scenario is that of
the mean over seeds.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import by_label, markdown, shown
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.worlds.kinds import SCENARIOS
from models.metrics.significance import mean_interval

SHARED = "shared_bottom"
QUANTITIES = ("click", "click_and_conversion")
_ALONE = "on its own"


def mean_aucs(one: Judged) -> np.ndarray:
    """The mean noise-free AUC of click and click_and_conversion in every scenario, [K]."""
    return np.mean([one.aucs[quantity] for quantity in QUANTITIES], axis=0)


def gains(model: np.ndarray, shared: np.ndarray, alone: np.ndarray) -> np.ndarray:
    """What a model adds to the better of the two in every scenario, [S, K].

    Args:
      model: its AUCs, [S, K].
      shared: those of the shared model, [S, K].
      alone: those of a scenario's own model, [S, K].

    The better one is chosen by its mean over seeds: chosen seed by seed it would win by
    chance alone.
    """
    better = np.where(shared.mean(axis=0) >= alone.mean(axis=0), shared, alone)
    return model - better


def main() -> None:
    """Prints a row a model, and one of the scenarios' own models."""
    options = parser(__doc__)
    options.add_argument("--world", default="default")
    given = add_options(options)
    seeds = claim_seeds(given)
    labels = given.models or list(COMPARED)

    def run(wanted: list[Wanted]) -> list[Judged]:
        return run_given(wanted, given, "no_seesaw")

    found = by_label(
        run([Wanted(x, given.world, s, MODELS[x], TRAINING) for s in seeds for x in labels])
    )
    own = by_label(
        run(
            [
                Wanted(f"{_ALONE} {k}", given.world, s, MODELS[SHARED], TRAINING, k)
                for s in seeds
                for k in range(SCENARIOS)
            ]
        )
    )
    # With --budget-minutes some worlds may lack a training.
    seeds = tuple(s for s in seeds if s in found[labels[0]] and s in own[f"{_ALONE} 0"])
    aucs = {x: np.stack([mean_aucs(found[x][s]) for s in seeds]) for x in labels}
    alone = np.array(
        [[mean_aucs(own[f"{_ALONE} {k}"][s])[k] for k in range(SCENARIOS)] for s in seeds]
    )
    rows = []
    for label, values in {_ALONE: alone, **aucs}.items():
        found_gains = gains(values, aucs[SHARED], alone)
        worst = int(found_gains.mean(axis=0).argmin())
        means = [f"{x:+.4f}" for x in found_gains.mean(axis=0)]
        rows.append([label, *means, shown(mean_interval(found_gains[:, worst].tolist()))])
    print(markdown(["model", *(f"scenario {k}" for k in range(SCENARIOS)), "the worst"], rows))


if __name__ == "__main__":
    main()
