"""What was found, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Ranking(NamedTuple):
    """How well one feature alone ranks one output.

    Attributes:
      feature: the feature's name.
      output: the output's name.
      auc: of the best ranking it gives.
      positives: of the output, among the rows read.
    """

    feature: str
    output: str
    auc: float
    positives: int


def highest(rankings: Sequence[Ranking]) -> str:
    """Names the feature that ranks best; empty where nothing was ranked."""
    if not rankings:
        return ""
    best = max(rankings, key=lambda ranking: ranking.auc)
    return f"most by one feature: AUC {best.auc:.3f}, {best.feature} for {best.output}"


def refusal(leaks: Sequence[Ranking], rows: int, limit: float) -> str:
    """The text of the error: each feature with the outputs it gives away, and what to do.

    Args:
      leaks: not empty.
      rows: how many were read.
      limit: of the AUC.
    """
    by_feature: dict[str, list[Ranking]] = {}
    for leak in sorted(leaks, key=lambda leak: -leak.auc):
        by_feature.setdefault(leak.feature, []).append(leak)
    count = len(by_feature)
    lines = [
        f"{count} feature{'' if count == 1 else 's'} alone rank{'s' if count == 1 else ''} a label "
        f"too well for what is known before the impression (AUC above {limit:g}, {rows:,} train "
        "rows):"
    ]
    for feature, found in by_feature.items():
        areas = ", ".join(f"{x.auc:.4f} for {x.output} ({x.positives:,} positives)" for x in found)
        lines.append(f"  feature '{feature}': AUC {areas}")
    lines.append(
        "In schema.pbtxt, tag what is known only afterwards 'after_impression' in place of id, "
        "categorical or numeric; name what is truly known before in leaks.exempt."
    )
    return "\n".join(lines)
