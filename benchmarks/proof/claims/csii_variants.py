"""Which form of CSII helps the minor scenarios, and do its scores find what transfers?

    python -m benchmarks.proof.claims.csii_variants [--world default] [--out work/proof]

Regrets as in `default_mix`, and how the transferability ranks fields: its AUC over all pairs
of different scenarios and the fields of the log's blocks, fields of block T and, between
scenarios of one group, of block G being positive, those of blocks S, N and of the noise being
negative (fields of G between groups are left out).
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
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.worlds.kinds import log_config
from data.synthetic.columns import BLOCKS, NOISE
from models.metrics.binary import weighted_auc

_LOW_RANK: dict[str, Any] = {"experts": "low_rank", "expert_units": (124, 64)}

VARIANTS: dict[str, dict[str, Any]] = {
    "csii": {},
    "csii, cosine": {"distance": "cosine"},
    "csii, prototypes": {"reference": "prototype"},
    "csii, tokens": {"inter_tokens": "heads"},
    # The network keeps its size: of a low rank experts may be wider, or several a scenario.
    "csii, low-rank experts": _LOW_RANK,
    "csii, 3 experts a scenario": {
        **_LOW_RANK,
        "experts_per_scenario": 3,
        "expert_units": (56, 28),
    },
    "csii, 5 experts a scenario": {
        **_LOW_RANK,
        "experts_per_scenario": 5,
        "expert_units": (36, 20),
    },
}


def ranking_auc(document: dict[str, Any], groups: Sequence[int]) -> float:
    """How the scores rank what transfers above what does not.

    Args:
      document: `transferability` of `explain.json`, values [K][K][P].
      groups: the group of every scenario.

    Returns:
      The AUC; ties count one half.
    """
    fields = next(axis["entries"] for axis in document["axes"] if axis["name"] == "field")
    blocks = {p: name.rpartition("_")[2] for p, name in enumerate(fields)}
    known = {p: block for p, block in blocks.items() if block in (*BLOCKS, NOISE)}
    values = np.array(document["values"], float)
    scores, transfers = [], []
    for origin, to in np.ndindex(values.shape[:2]):
        for position, block in known.items():
            same_group = groups[origin] == groups[to]
            if origin != to and (block != "g" or same_group):
                scores.append(values[origin, to, position])
                transfers.append(block in ("t", "g"))
    seen = ~np.isnan(scores)
    found = np.array(scores)[seen]
    return weighted_auc(np.array(transfers, float)[seen], found, np.ones(len(found)))


def _transferability(one: Judged) -> float:
    document = one.explanation["transferability"]
    return ranking_auc(document, log_config(one.wanted.world, 0, 8).world.groups)


VALUES: dict[str, Value] = {**MIX_VALUES, "AUC of the transferability": _transferability}


def main() -> None:
    """Prints the tables."""
    options = parser(__doc__)
    options.add_argument("--world", default="default")
    given = add_options(options)
    wanted = [
        Wanted(label, given.world, seed, {**MODELS["csii"], **VARIANTS[label]}, TRAINING)
        for seed in claim_seeds(given)
        for label in given.models or VARIANTS
    ]
    judged = run_given(wanted, given, "csii_variants")
    print(means(judged, VALUES))
    print(differences(judged, "csii", VALUES))


if __name__ == "__main__":
    main()
