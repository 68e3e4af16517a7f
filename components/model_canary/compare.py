"""Served scores against the trainer's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What comparing one signature's scores found.

    Attributes:
      largest_difference: over all rows and outputs; None where nothing could be compared.
      problems: one sentence each; empty where the scores agree.
    """

    largest_difference: float | None
    problems: tuple[str, ...]


def compare(
    signature: str,
    expected: Mapping[str, np.ndarray],
    served: Mapping[str, np.ndarray],
    tolerance: float,
) -> Comparison:
    """Compares the scores of one signature.

    Args:
      signature: names it in problems.
      expected: the trainer's scores by output, [N].
      served: the server's scores by output, [N].
      tolerance: largest difference allowed.
    """
    problems: list[str] = []
    differences: list[float] = []
    for names, what in (
        (sorted(set(expected) - set(served)), "does not return"),
        (sorted(set(served) - set(expected)), "returns, unknown to the trainer,"),
    ):
        if names:
            problems.append(f"{signature} {what} {', '.join(names)}.")
    for output in sorted(set(expected) & set(served)):
        wanted, got = (np.asarray(scores[output], np.float64) for scores in (expected, served))
        if wanted.shape != got.shape:
            problems.append(
                f"{signature}: {output} has shape {list(got.shape)}, not {list(wanted.shape)}."
            )
            continue
        bad = int((~np.isfinite(got)).sum())
        if bad:
            problems.append(f"{signature}: {bad} scores of {output} are NaN or infinite.")
            continue
        gaps = np.abs(got - wanted)
        row = int(np.argmax(gaps))
        differences.append(float(gaps[row]))
        # Written so that a NaN among the trainer's scores is a problem too.
        if not gaps[row] <= tolerance:
            problems.append(
                f"{signature}: {output} of row {row} is {got[row]:.7g}, the trainer's score is "
                f"{wanted[row]:.7g}; they may differ by {tolerance:g}."
            )
    return Comparison(max(differences) if differences else None, tuple(problems))
