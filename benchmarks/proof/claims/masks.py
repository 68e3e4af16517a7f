"""Masks of AutoIFS's flows: the searched one, random ones of its size, and the one that keeps all.

What a mask is worth is measured by training it from the start with the whole budget, so that
the three differ in their flows alone; the search, which retrains from its own weights, is
shown next to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.proof.claims.default_mix import VALUES as MIX_VALUES
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.trials import Judged, Wanted

ITS_MASK = "autoifs, its mask"
RANDOM_MASK = "autoifs, random mask of equal size"
ALL_KEPT = "autoifs, all kept"

Run = Callable[[list[Wanted]], list[Judged]]


def kept_flows(judged: Judged) -> np.ndarray:
    """The mask that the majority of a scenario's validation rows asks for, bool [K, C, 4].

    It is what a static export was decided by, whatever share of the rows it wanted to agree.
    """
    kept = judged.result.prepared["kept"]
    blocks = [[list(flows.values()) for flows in labels.values()] for labels in kept.values()]
    return np.array(blocks, bool)


def shuffled(mask: np.ndarray, seed: int) -> np.ndarray:
    """Returns a random mask that keeps as many flows, bool of the same shape."""
    return np.random.default_rng(seed).permutation(mask.ravel()).reshape(mask.shape)


def masked(model: dict[str, Any], kept: np.ndarray, seed: int) -> dict[str, dict[str, Any]]:
    """Returns the models that a searched mask is compared by: label -> values of the config.

    Args:
      model: of the search.
      kept: the searched mask, bool [K, C, 4].
      seed: of the random mask.
    """
    masks = {ITS_MASK: kept, RANDOM_MASK: shuffled(kept, seed), ALL_KEPT: np.ones_like(kept)}
    return {label: {**model, "fixed_flows": mask.tolist()} for label, mask in masks.items()}


def share_kept(judged: Judged) -> float:
    """The share of flows that a searched or a fixed mask keeps."""
    fixed = judged.wanted.model.get("fixed_flows")
    return float(np.mean(kept_flows(judged) if fixed is None else fixed))


VALUES: dict[str, Value] = {**MIX_VALUES, "flows kept": share_kept}


def train_masks(found: Sequence[Judged], run: Run) -> list[Judged]:
    """Trains what searched masks are compared by, on the world and seed of each.

    Args:
      found: finished searches, whose gates `export_gates: static` has decided on.
      run: trains.
    """
    return run(
        [
            Wanted(label, search.world, search.seed, model, search.training)
            for one in found
            for search in [one.wanted]
            for label, model in masked(search.model, kept_flows(one), search.seed).items()
        ]
    )


def page(found: Sequence[Judged], fixed: Sequence[Judged]) -> str:
    """Writes the means of searches and masks, and the differences to the random ones and to all.

    Args:
      found: the searches.
      fixed: what `train_masks` returned.
    """
    judged = [*found, *fixed]
    tables = [differences(judged, baseline, VALUES) for baseline in (RANDOM_MASK, ALL_KEPT)]
    return "\n".join([means(judged, VALUES), *tables])
