"""Does the entire-space module lessen the bias of learning conversions from clicked rows?

    python -m benchmarks.proof.claims.selection [--world selection_9 ...] [--out work/proof]

P(conversion | click) is judged over all impressions, as if everybody had clicked: its
noise-free AUC, and predicted over true mean on the rows that are not clicked (1 is right). In
`unclicked_actions` conversions come without a click too, and actions predict those after one.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import math
from typing import Any

import numpy as np

from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "aem2tl": ("aem2tl", {}),
    "aem2tl, clicked rows only": ("aem2tl", {"entire_space": False}),
    "aem2tl, equal weights": ("aem2tl", {"adaptive_weights": False}),
    "aem2tl, total and joint": ("aem2tl", {"losses": "total_and_joint"}),
    "esmm": ("esmm", {}),
    "shared_bottom": ("shared_bottom", {}),
}


def _auc(quantity: str) -> Value:
    return lambda one: float(np.mean(one.aucs[quantity]))


def _miscalibration(one: Judged) -> float:
    return abs(math.log(one.calibration))


VALUES: dict[str, Value] = {
    "CVR, entire space": _auc("conversion_given_click"),
    "CTCVR": _auc("click_and_conversion"),
    "all conversions": _auc("conversion"),
    "predicted / true, not clicked": lambda one: one.calibration,
    "abs. log of it": _miscalibration,
}


def main() -> None:
    """Prints the tables of every world."""
    options = parser(__doc__)
    options.add_argument("--world", nargs="*", default=["selection_9", "unclicked_actions"])
    given = add_options(options)
    for world in given.world:
        wanted = [
            Wanted(label, world, seed, {**MODELS[name], **changed}, TRAINING)
            for seed in claim_seeds(given)
            for label, (name, changed) in VARIANTS.items()
            if label in (given.models or VARIANTS)
        ]
        judged = run_given(wanted, given, "selection")
        print(f"\n### {world}\n\n{means(judged, VALUES)}")
        for baseline in ("aem2tl, clicked rows only", "aem2tl", "shared_bottom"):
            if baseline in {one.wanted.label for one in judged}:
                print(differences(judged, baseline, VALUES))


if __name__ == "__main__":
    main()
