"""Does AutoIFS keep the flows that are useful and remove those that are not?

    python -m benchmarks.proof.claims.flows [--world all_transferable ...] [--out work/proof]

The truth of a (scenario, label, flow) is found without AutoIFS's search: a flow is useful
where retraining without it, in all scenarios and labels, loses more than .002 of the noise-
free AUC of that scenario and label, in the mean over seeds that nothing else uses. Against it
stands the searched mask, over all flows and over those on which the seeds agree; and, as the
most that a mask can reach, one seed's truth against the other seeds'. With --masks, a table a
world says what the searched mask is worth next to a random one and to all flows (`masks`). The
wide part is off, so that everything flows.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.proof.claims.masks import kept_flows, page, train_masks
from benchmarks.proof.models.settings import MODELS, TRAINING
from benchmarks.proof.options import add_options, claim_seeds, parser
from benchmarks.proof.tables import markdown, shown
from benchmarks.proof.trainings.trials import Judged, Wanted, run_given
from benchmarks.proof.worlds.kinds import SCENARIOS, TRUTH_SEEDS
from models.metrics.significance import mean_interval
from models.zoo.multi_scenario.autoifs.information_flows import FLOWS

WORLDS = ("all_transferable", "no_task_effects", "no_shared_effects", "harmful_sharing")
LABELS = {"click": "click", "action": "action_given_click", "conversion": "conversion_given_click"}
USEFUL = 0.002


def label_aucs(judged: Judged) -> np.ndarray:
    """The noise-free AUC of every scenario and label, [K, C]."""
    return np.stack([judged.aucs[quantity] for quantity in LABELS.values()], axis=1)


def precision_and_recall(kept: np.ndarray, useful: np.ndarray) -> tuple[float, float]:
    """Of the kept flows the useful ones, and of the useful ones the kept; NaN of none."""
    both = float((kept & useful).sum())
    shares = [both / found if found else math.nan for found in (kept.sum(), useful.sum())]
    return shares[0], shares[1]


def _fixed(mask: np.ndarray) -> dict[str, Any]:
    return {**_BASE, "fixed_flows": mask.tolist()}


# Small, since a world takes twenty trainings.
_BASE = {
    **MODELS["autoifs"],
    "wide": False,
    "bottom_units": (128,),
    "scenario_units": (32,),
}
# A mask needs every gate decided.
SEARCHED = {**_BASE, "export_gates": "static", "static_agreement": 0.5}
_ALL = np.ones((SCENARIOS, len(LABELS), len(FLOWS)), bool)


def _without(flow: int) -> np.ndarray:
    mask = _ALL.copy()
    mask[:, :, flow] = False
    return mask


def losses_without(judged: list[Judged]) -> np.ndarray:
    """AUC lost without every flow, [S, K, C, 4], from the trials with all flows and without one."""
    aucs = {(one.wanted.label, one.wanted.seed): label_aucs(one) for one in judged}
    return np.array(
        [
            np.stack(
                [aucs["all kept", seed] - aucs[f"without {flow}", seed] for flow in FLOWS], axis=2
            )
            for label, seed in aucs
            if label == "all kept"
        ]
    )


def is_known(losses: np.ndarray) -> np.ndarray:
    """Whether a mean loss is two standard errors away from USEFUL, bool [K, C, 4]."""
    error = losses.std(axis=0, ddof=1) / math.sqrt(len(losses))
    return np.abs(losses.mean(axis=0) - USEFUL) > 2 * error


def one_seed_against_the_others(losses: np.ndarray) -> np.ndarray:
    """Mean precision and recall of one seed's truth as a mask, judged by the other seeds', [2].

    No mask that was searched on other rows can be expected to do better.
    """
    seeds = range(len(losses))
    return np.nanmean(
        [
            precision_and_recall(
                losses[seed] > USEFUL, np.delete(losses, seed, axis=0).mean(axis=0) > USEFUL
            )
            for seed in seeds
        ],
        axis=0,
    )


Run = Callable[[list[Wanted]], list[Judged]]


def truth_of(world: str, run: Run) -> np.ndarray:
    """Trains with all flows and without each of them; returns `losses_without`."""
    fixed = {"all kept": _ALL, **{f"without {f}": _without(j) for j, f in enumerate(FLOWS)}}
    wanted = [
        Wanted(label, world, seed, _fixed(mask), TRAINING)
        for seed in TRUTH_SEEDS
        for label, mask in fixed.items()
    ]
    return losses_without(run(wanted))


def main() -> None:
    """Prints a row a world, and what is useful and kept of every flow."""
    options = parser(__doc__)
    options.add_argument("--world", nargs="*", default=list(WORLDS))
    options.add_argument("--set", nargs="*", default=[], help="KEY=NUMBER of the searched model")
    options.add_argument("--masks", action="store_true", help="retrain with the masks too")
    given = add_options(options)
    changed = {key: float(value) for key, _, value in (word.partition("=") for word in given.set)}
    model = {**SEARCHED, **changed}
    label = ", ".join(["searched", *given.set])

    def run(wanted: list[Wanted]) -> list[Judged]:
        return run_given(wanted, given, "flows")

    rows = []
    for world in given.world:
        losses = truth_of(world, run)
        useful, known = losses.mean(axis=0) > USEFUL, is_known(losses)
        seeds = claim_seeds(given)
        found = run([Wanted(label, world, seed, model, TRAINING) for seed in seeds])
        scores = [
            precision_and_recall(kept_flows(one), useful)
            + precision_and_recall(kept_flows(one)[known], useful[known])
            for one in found
        ]
        kept = mean_interval([float(kept_flows(one).mean()) for one in found])
        # NaN where no flow is useful or none is kept: then there is nothing to average.
        shares = [mean_interval([score[i] for score in scores]) for i in range(4)]
        seeds_agree = [f"{x:.2f}" for x in one_seed_against_the_others(losses)]
        cells = [world, f"{useful.mean():.2f}", *(shown(x, 2) for x in (kept, *shares[:2]))]
        cells += [*seeds_agree, f"{known.mean():.2f}", *(shown(x, 2) for x in shares[2:])]
        rows.append(cells)
        print(f"{world}: useful by flow", useful.mean(axis=(0, 1)).round(2).tolist())
        means = np.mean([kept_flows(one) for one in found], axis=(0, 1, 2))
        print(f"{world}: kept by flow", means.round(2).tolist(), flush=True)
        if given.masks:
            print(f"\n### {world}\n\n{page(found, train_masks(found, run))}", flush=True)
    header = ["world", "useful", "kept", "precision", "recall", "one seed's precision"]
    header += ["and recall", "known", "precision of known", "recall of known"]
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
