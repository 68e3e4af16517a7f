"""Does CSII find the scenario that helps a small one, and does it help?

    python -m benchmarks.proof.claims.donors [--rows 200000] [--seeds 5] [--out work/proof]

In the world `donor` scenario 6, which has .6 % of the impressions, has the tables of scenario 2;
in `no_donor`, the same world otherwise, it has its own. The first table is of CSII's forms: the
attention that rows of scenario 6 give to the donor in either world (of six scenarios, so that
1/6 is what a uniform attention gives), alpha and the regret of scenario 6. The others compare
regrets, with a donor, with those of MMoE, whose gates are a task's, as published, or a scenario's
and a task's. With --tuning the worlds are those that models are tuned on.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.proof.claims.default_mix import VALUES as MIX_VALUES
from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import Value, by_label, differences, markdown, means, shown
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.worlds.kinds import DONOR, RECIPIENT, TUNING_SEEDS
from models.metrics.significance import mean_interval

DONORS, CONTROL = "donor", "no_donor"

VARIANTS: dict[str, dict[str, Any]] = {
    "csii": MODELS["csii"],
    "csii, tokens": {**MODELS["csii"], "inter_tokens": "heads"},
    "csii, prototypes": {**MODELS["csii"], "reference": "prototype"},
    "csii, alpha of the instance": {**MODELS["csii"], "alpha": "instance"},
    # Wider, so that the network keeps its size.
    "csii, low-rank experts": {
        **MODELS["csii"],
        "experts": "low_rank",
        "expert_units": (124, 64),
    },
    "mmoe, task": MODELS["mmoe, task"],
    "mmoe": MODELS["mmoe"],
}


def attention_to(document: dict[str, Any], donor: int, recipient: int) -> float:
    """The weight of a scenario in the mean over another's rows.

    Args:
      document: `attention` of an explanation, values [K][K].
      donor: whose weight.
      recipient: whose rows.
    """
    return float(np.array(document["values"], float)[recipient, donor])


def _recipients_regret(one: Judged) -> float:
    both = [one.regret(x)[RECIPIENT] for x in ("click", "click_and_conversion")]
    return float(np.mean(both))


VALUES: dict[str, Value] = {"regret, recipient": _recipients_regret, **MIX_VALUES}


def _attention(one: Judged) -> float:
    return attention_to(one.explanation["attention"], DONOR, RECIPIENT)


def _alpha(one: Judged) -> float:
    return float(one.explanation["alpha"]["values"][RECIPIENT])


def attention_table(donors: Sequence[Judged], controls: Sequence[Judged]) -> str:
    """A row a form of CSII: attention to the donor, alpha and regret, with and without a donor.

    Args:
      donors: trials of the world with a donor; those of other models are left out.
      controls: trials of CSII's forms of the world without.
    """
    columns: dict[str, Value] = {
        "attention to scenario 2": _attention,
        "alpha": _alpha,
        "regret, scenario 6": _recipients_regret,
    }
    header = ["model", *(f"{x}, {w}" for x in columns for w in ("donor", "no donor"))]
    worlds = by_label(donors), by_label(controls)
    rows = []
    for label in worlds[0]:
        if label in worlds[1]:
            cells = [
                shown(mean_interval([value(one) for one in world[label].values()]), 3)
                for value in columns.values()
                for world in worlds
            ]
            rows.append([label, *cells])
    return markdown(header, rows)


def main() -> None:
    """Prints the tables."""
    options = parser(__doc__)
    options.add_argument("--tuning", action="store_true", help="worlds that no claim uses")
    given = add_options(options)
    seeds = TUNING_SEEDS if given.tuning else claim_seeds(given)
    labels = given.models or tuple(VARIANTS)
    exchanging = [label for label in labels if VARIANTS[label]["name"] == "csii"]

    def trained(world: str, labels: Sequence[str]) -> list[Judged]:
        wanted = [
            Wanted(label, world, seed, VARIANTS[label], TRAINING)
            for seed in seeds
            for label in labels
        ]
        return run_given(wanted, given, "donors")

    found, controls = trained(DONORS, labels), trained(CONTROL, exchanging)
    print(attention_table(found, controls))
    print(means(found, VALUES))
    for baseline in ("mmoe, task", "mmoe"):
        if baseline in labels and len(labels) > 1:
            print(differences(found, baseline, VALUES))


if __name__ == "__main__":
    main()
