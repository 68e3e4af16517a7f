"""The jobs of a study of transfer, and their results by what they learned from."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from cli.compare.plan import Comparison
from cli.compare.transfer.variants import Variant
from cli.compare.workers import Job, Outcome
from models.trials.code import trial_code
from models.trials.data import learning_fingerprint
from models.trials.result import TrialResult
from models.trials.trial import trial_fingerprint


def transfer_jobs(
    comparison: Comparison,
    variants: Sequence[Variant],
    features: pathlib.Path,
    data: str,
    out: pathlib.Path,
) -> dict[tuple[Variant, int], Job]:
    """Describes every trial, all variants of a seed before the next seed.

    Args:
      comparison: its only model is trained.
      variants: what trainings learn from.
      features: the folder of the saved TrialData.
      data: the fingerprint of all rows.
      out: the trials' folders are below it.
    """
    ((name, model),) = comparison.models.items()
    code = trial_code(name)
    jobs = {}
    for seed in comparison.seeds:
        for variant in variants:
            training = comparison.training(seed)
            # Not every file system has names with a colon.
            folder = out / "trials" / name.replace(":", ".") / variant.folder / f"seed-{seed}"
            learned = None if variant.kind == "joint" else list(variant.learned)
            rows = data if learned is None else learning_fingerprint(data, learned)
            spec = {
                "data": str(features),
                "scenarios": learned,
                "model": model.model_dump(mode="json"),
                "training": training.model_dump(mode="json"),
                "folder": str(folder),
                "code": code,
                "source": code,
            }
            jobs[variant, seed] = Job(
                variant.label,
                seed,
                folder,
                trial_fingerprint(rows, model, training, code),
                spec,
                trial_fingerprint(rows, model, training, ""),
            )
    return jobs


def finished_trials(
    jobs: dict[tuple[Variant, int], Job], outcomes: Sequence[Outcome]
) -> dict[Variant, dict[int, TrialResult]]:
    """Groups the results of trials that have not failed: variant -> seed -> result."""
    found: dict[Variant, dict[int, TrialResult]] = {}
    for (variant, seed), outcome in zip(jobs, outcomes, strict=True):
        if outcome.result is not None:
            found.setdefault(variant, {})[seed] = outcome.result
    return found
