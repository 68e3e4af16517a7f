"""The zoo on worlds: what is trained, and how it is printed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.proof.claims.default_mix import VALUES as MIX_VALUES
from benchmarks.proof.models.settings import COMPARED, MODELS, TRAINING, ZOO
from benchmarks.proof.tables import Value, differences, means
from benchmarks.proof.trainings.judged import Judged, Wanted
from models.trials.result import TrialResult

WORLDS = ("default", "even_shares", "harmful_sharing")

LABELS = (*COMPARED, *ZOO)

BASELINES = ("mmoe, task", "mmoe")

REPEATED = (*BASELINES, "taml", "causalint", "dffm", "hinet")
"""The labels that are trained on every seed; the others on the first alone."""


def speed(result: TrialResult) -> float:
    """Rows that a training read, a second: of whatever else the machine did at the time."""
    return result.examples / result.seconds if result.seconds else float("nan")


SPEEDS: dict[str, Value] = {
    "rows/s": lambda one: speed(one.result),
    "latency, ms": lambda one: one.result.latency_ms,
}


def wanted(labels: Sequence[str], seeds: Sequence[int]) -> list[Wanted]:
    """Returns the trainings: first all labels on every world's first seed, then the repeated ones.

    Args:
      labels: some of `LABELS`.
      seeds: of the worlds.
    """
    return [
        Wanted(label, world, seed, MODELS[label], TRAINING)
        for seed in seeds
        for world in WORLDS
        for label in labels
        if seed == seeds[0] or label in REPEATED
    ]


def page(judged: Sequence[Judged]) -> str:
    """Writes, for every world, all models on the first seed and the repeated ones on all.

    Args:
      judged: finished trainings, of whole worlds.
    """
    parts = []
    for world in WORLDS:
        here = [one for one in judged if one.wanted.world == world]
        seeds = sorted({one.wanted.seed for one in here})
        if not here:
            parts.append(f"### {world}\n\nNo seed has all of its trainings yet.\n")
            continue
        first = [one for one in here if one.wanted.seed == seeds[0]]
        parts += [f"### {world}\n", f"Seed {seeds[0]}:\n", means(first, MIX_VALUES)]
        parts.append(means(first, SPEEDS, digits=1))
        repeated = [one for one in here if one.wanted.label in REPEATED]
        parts.append(f"Seeds {', '.join(map(str, seeds))}:\n")
        parts += [
            differences(repeated, baseline, MIX_VALUES)
            for baseline in BASELINES
            if any(one.wanted.label == baseline for one in repeated)
        ]
    return "\n".join(parts)
