"""Data that keeps its contract row by row, and that no model can learn from all the same."""

from __future__ import annotations

from typing import Any

from schemas.contract import Contract


def unlearnable(contract: Contract, split: str, statistics: Any) -> list[str]:
    """Says what is the same in every row of a split and must not be.

    Args:
      contract: the data contract.
      split: the split's name.
      statistics: its DatasetFeatureStatistics.

    Returns:
      One sentence each: a label without positives or negatives, one scenario where the
      schema lists several, one person.
    """
    features = {feature.path.step[0]: feature for feature in statistics.features}
    rows = f"all {int(statistics.num_examples):,} rows of split '{split}'"
    found = []
    for label in contract.tasks.labels:
        value = _only_value(features[label.column])
        if value is not None:
            found.append(
                f"column '{label.column}' (label:{label.name}) is {value} in {rows}: nothing can "
                "be learned of it; take more spans, mend the log, or drop its tag"
            )
    scenario = contract.scenario
    value = _only_value(features[scenario.name]) if scenario else None
    if scenario and value is not None and len(contract.scenarios) > 1:
        found.append(
            f"column '{scenario.name}' (scenario) is '{value}' in {rows}, and its string_domain "
            f"lists {len(contract.scenarios)}; mend the log, or list this one alone"
        )
    user = contract.user_id
    value = _only_value(features[user.name]) if user else None
    if user and value is not None:
        found.append(
            f"column '{user.name}' (user_id) is '{value}' in {rows}: one person's "
            "rows say nothing of others; mend the log, or tag the column that tells persons apart"
        )
    return found


def _only_value(feature: Any) -> str | None:
    """The one value that all rows of a column have, or None."""
    if feature.HasField("num_stats"):
        numbers = feature.num_stats
        return f"{numbers.min:.0f}" if numbers.min == numbers.max else None
    texts = feature.string_stats
    if texts.unique != 1:
        return None
    return str(texts.top_values[0].value) if texts.top_values else ""
