"""The verdict's tables on worlds: what each trains, and how it is printed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.proof.claims import donors, masks
from benchmarks.proof.claims.default_mix import VALUES as MIX_VALUES
from benchmarks.proof.claims.selection import VALUES as SELECTION_VALUES
from benchmarks.proof.claims.selection import VARIANTS as SELECTION_VARIANTS
from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING
from benchmarks.proof.tables import Value, by_label, differences, means
from benchmarks.proof.trainings.trials import Judged, Wanted
from benchmarks.proof.worlds.kinds import DONOR, RECIPIENT

Run = Callable[[list[Wanted]], list[Judged]]
"""Trains what is wanted; returns the worlds that have all of it, which may be none."""

BASELINES = ("mmoe, task", "mmoe")
"""What the main table's models are compared with: the paper's MMoE, and the strongest one."""

MINOR_REGRET = "regret, minor scenarios"

CLICKED_ONLY = "aem2tl, clicked rows only"
UNCLICKED_WORLD = "unclicked_actions"
TOTAL_AND_JOINT = "aem2tl, total and joint"
UNCLICKED_LABELS = ("aem2tl", TOTAL_AND_JOINT, CLICKED_ONLY, "esmm", "shared_bottom")
"""`aem2tl` has the published losses, and the second those that are the architecture's default."""

ENTIRE_SPACE_CVR = "CVR, entire space"

DONOR_LABELS = ("csii", "mmoe, task", "mmoe")
CONTROL = "csii, no donor"
ATTENTION = "attention to the donor"


@dataclasses.dataclass(frozen=True)
class Table:
    """One table of the verdict.

    Attributes:
      seeds: how many of the claims' worlds it is on.
      train: trains what it needs of some seeds.
      values: its columns.
      baselines: the labels that the others are compared with.
      controls: labels that are trained on another world, and compared with nothing.
    """

    seeds: int
    train: Callable[[Run, Sequence[int]], list[Judged]]
    values: Mapping[str, Value]
    baselines: tuple[str, ...]
    controls: tuple[str, ...] = ()

    def page(self, judged: Sequence[Judged]) -> str:
        """Writes the means and, for every baseline, the differences paired by seed."""
        alike = [one for one in judged if one.wanted.label not in self.controls]
        found = by_label(alike)
        worlds = len({one.wanted.seed for one in judged})
        parts = [f"{worlds} of {self.seeds} worlds.\n", means(judged, self.values)]
        parts += [
            differences(alike, baseline, self.values)
            for baseline in self.baselines
            if baseline in found
        ]
        above = max(float(np.max(-one.regret(x))) for one in judged for x in one.bayes)
        parts.append(f"Largest AUC above the best possible: {max(above, 0):.4f}\n")
        return "\n".join(parts)


def _on(world: str, models: Mapping[str, dict[str, Any]], seeds: Sequence[int]) -> list[Wanted]:
    return [
        Wanted(label, world, seed, model, TRAINING)
        for seed in seeds
        for label, model in models.items()
    ]


def train_main(run: Run, seeds: Sequence[int]) -> list[Judged]:
    """All compared models on the default mix."""
    return run(_on("default", {label: MODELS[label] for label in COMPARED}, seeds))


def train_unclicked(run: Run, seeds: Sequence[int]) -> list[Judged]:
    """AEM2TL, with both losses and from clicked rows only, where conversions need no click."""
    variants = {label: SELECTION_VARIANTS[label] for label in UNCLICKED_LABELS}
    models = {label: {**MODELS[name], **more} for label, (name, more) in variants.items()}
    return run(_on(UNCLICKED_WORLD, models, seeds))


def train_donors(run: Run, seeds: Sequence[int]) -> list[Judged]:
    """CSII and both MMoEs where one scenario has another's tables, and CSII where none has."""
    models = {label: MODELS[label] for label in DONOR_LABELS}
    wanted = []
    for seed in seeds:
        wanted += _on(donors.DONORS, models, [seed])
        wanted += _on(donors.CONTROL, {CONTROL: MODELS["csii"]}, [seed])
    found = run(wanted)
    worlds = {(one.wanted.world, one.wanted.seed) for one in found}
    return [
        one
        for one in found
        if {(donors.DONORS, one.wanted.seed), (donors.CONTROL, one.wanted.seed)} <= worlds
    ]


def attention(one: Judged) -> float:
    """The donor's share of the recipient's attention, of its rows' mean; NaN without attention.

    Of six other scenarios 1/6 is what a uniform attention gives.
    """
    document = one.explanation.get("attention")
    if document is None:
        return math.nan
    return donors.attention_to(document, DONOR, RECIPIENT)


def train_flows(run: Run, seeds: Sequence[int]) -> list[Judged]:
    """AutoIFS's search, and fixed masks: the searched one, random ones and all flows."""
    searching = {**MODELS["autoifs"], "export_gates": "static"}
    searched = run(_on("default", {"autoifs": searching}, seeds))
    fixed = masks.train_masks(searched, run) if searched else []
    whole = {one.wanted.seed for one in fixed}
    return [one for one in searched if one.wanted.seed in whole] + fixed


TABLES: dict[str, Table] = {
    "main": Table(10, train_main, MIX_VALUES, BASELINES),
    "flows": Table(5, train_flows, masks.VALUES, (masks.RANDOM_MASK, masks.ALL_KEPT)),
    "donors": Table(
        5,
        train_donors,
        {ATTENTION: attention, **donors.VALUES},
        BASELINES,
        controls=(CONTROL,),
    ),
    "unclicked": Table(5, train_unclicked, SELECTION_VALUES, (CLICKED_ONLY, "shared_bottom")),
}
