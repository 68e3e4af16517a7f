"""What was found, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from components.leak_alarm.config import LeaksConfig

_WITHIN = " (the least over all rows and within scenarios, users and items)"


class Evidence(NamedTuple):
    """Why a feature is taken for a leak.

    Attributes:
      auc: the least of its AUCs over all rows and within scenarios, users and items.
      decided: number of rows of one value (or gap) that are all positive; 0 where that is not
        the evidence.
    """

    auc: float
    decided: int = 0


class Ranking(NamedTuple):
    """How well one feature alone ranks one output.

    Attributes:
      feature: the feature's name.
      output: the output's name.
      auc: of the best ranking it gives.
      positives: of the output, among the rows read.
      part: what of a list ranks (its length, say); empty for a feature of one value a row.
    """

    feature: str
    output: str
    auc: float
    positives: int
    part: str = ""

    @property
    def name(self) -> str:
        """The feature, and what of it."""
        return f"{self.feature} ({self.part})" if self.part else self.feature


def highest(rankings: Sequence[Ranking]) -> str:
    """Names the feature that ranks best; empty where nothing was ranked."""
    if not rankings:
        return ""
    best = max(rankings, key=lambda ranking: ranking.auc)
    return f"most by one feature: AUC {best.auc:.3f}, {best.name} for {best.output}"


class Leak(NamedTuple):
    """A feature that gives an output away.

    Attributes:
      ranking: how well it ranks the output by itself.
      by: what speaks for it: `alone` (its AUC), `name`, `gaps`, or `holds`: a list has the row's
        own item in positive rows alone.
      evidence: None where the AUC alone does.
      said: of a list, in which rows what is said of it is so, for people.
    """

    ranking: Ranking
    by: Literal["alone", "holds", "name", "gaps"]
    evidence: Evidence | None = None
    said: str = ""


_REASONS = {
    "alone": "",
    "holds": "",
    "name": "is named like an outcome; ",
    "gaps": "has gaps that follow the label; ",
}


def refusal(leaks: Sequence[Leak], rows: int, config: LeaksConfig) -> str:
    """The text of the error: each feature with the outputs it gives away, and what to do.

    Args:
      leaks: not empty.
      rows: how many were read.
      config: the limits.
    """
    by_feature: dict[tuple[str, str], list[Leak]] = {}
    for leak in sorted(leaks, key=lambda leak: (-leak.ranking.auc, -_strength(leak))):
        by_feature.setdefault((leak.ranking.feature, leak.ranking.part), []).append(leak)
    count = len({feature for feature, _ in by_feature})
    lines = [
        f"{count} feature{'' if count == 1 else 's'} alone rank{'s' if count == 1 else ''} a label "
        f"too well for what is known before the impression ({rows:,} train rows):"
    ]
    for (feature, part), found in by_feature.items():
        # Where one kind of evidence is enough, a weaker one for another output adds nothing.
        by = min((leak.by for leak in found), key=list(_REASONS).index)
        words = _words([leak for leak in found if leak.by == by], config)
        what = f", {part}{found[0].said}" if part else ""
        lines.append(f"  feature '{feature}'{what}: {_REASONS[by]}{'; '.join(words)}")
    if any(part for _, part in by_feature):
        lines.append(
            "A list holds what came strictly before the row's own moment: of events at that very "
            "time none (polyrank data history makes such lists)."
        )
    lines.append(
        "In schema.pbtxt, tag what is known only afterwards 'after_impression', or 'label:NAME' "
        "where it is an outcome to predict, in place of id, categorical or numeric; name what is "
        "truly known before in leaks.exempt."
    )
    return "\n".join(lines)


def _strength(leak: Leak) -> float:
    return leak.ranking.auc if leak.evidence is None else leak.evidence.auc


def _words(leaks: Sequence[Leak], config: LeaksConfig) -> list[str]:
    """Of leaks of one feature by one kind of evidence."""
    areas, decided, limit, where = [], [], config.auc_at_most, ""
    for leak in leaks:
        evidence, output, auc = leak.evidence, leak.ranking.output, leak.ranking.auc
        if evidence is not None and not evidence.decided:
            auc, limit, where = evidence.auc, config.suspect_auc_at_most, _WITHIN
        if evidence is not None and evidence.decided:
            decided.append(f"all {evidence.decided:,} rows of one kind are positive for {output}")
        else:
            areas.append(f"{auc:.4f} for {output} ({leak.ranking.positives:,} positives)")
    return ([f"AUC {', '.join(areas)}{where}: above {limit:g}"] if areas else []) + decided
