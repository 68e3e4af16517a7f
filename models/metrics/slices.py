"""All numbers of a slice: every model's quality, and what the first has more than the second."""

from __future__ import annotations

from typing import NamedTuple

from models.metrics.clusters import small_numbers
from models.metrics.difference import Difference
from models.metrics.paired import paired_differences
from models.metrics.quality import Quality, quality
from models.metrics.scored_rows import ScoredRows


class SliceNumbers(NamedTuple):
    """What is known of a slice.

    Attributes:
      qualities: of model m and output o, `[m][o]`.
      differences: of output o, every metric of `names.COMPARED`; empty with one model.
    """

    qualities: tuple[tuple[Quality, ...], ...]
    differences: tuple[dict[str, Difference], ...]


def exact_numbers(rows: ScoredRows) -> SliceNumbers:
    """Computes all numbers of rows that are all there."""
    outputs = range(rows.outputs)
    users = small_numbers(rows.users)
    qualities = tuple(
        tuple(
            quality(rows.targets[:, o], rows.scores(m)[:, o], rows.weights[:, o], users)
            for o in outputs
        )
        for m in range(rows.models)
    )
    if rows.models != 2:
        return SliceNumbers(qualities, ())
    differences = tuple(
        paired_differences(
            rows.targets[:, o],
            rows.scores(0)[:, o],
            rows.scores(1)[:, o],
            rows.weights[:, o],
            users,
        )
        for o in outputs
    )
    return SliceNumbers(qualities, differences)
