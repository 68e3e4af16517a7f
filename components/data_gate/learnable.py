"""Data that keeps its contract row by row, and that no model can learn from all the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.log.user_counts import one_person
from schemas.column_type import ColumnType
from schemas.contract import Contract
from schemas.label_values import is_positive, negative_words, positive_words
from schemas.task_graph import Label

_DTYPES: dict[ColumnType, type] = {"int": np.float64, "float": np.float32}
"""What extremes are compared as. Statistics hold doubles, and the largest int64 is none."""


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
        kind = contract.column(label.column).type
        feature = features.get(label.column)
        # Of what is known in no row, `unknown_labels` speaks.
        if label.optional and not _rows_with_a_value(feature):
            continue
        value = _only_class(label, kind, feature)
        if value is not None:
            those = rows
            if label.optional:
                those = f"all {_rows_with_a_value(feature):,} rows of split '{split}' that have it"
            found.append(
                f"column '{label.column}' (label:{label.name}) is {value} in {those}: nothing can "
                "be learned of it; take more spans, correct the log, or drop its tag"
            )
    scenario = contract.scenario
    value = _only_value(features[scenario.name]) if scenario else None
    if scenario and value is not None and len(contract.scenarios) > 1:
        found.append(
            f"column '{scenario.name}' (scenario) is '{value}' in {rows}, and its string_domain "
            f"lists {len(contract.scenarios)}; correct the log, or list this one alone"
        )
    user = contract.user_id
    value = _only_value(features[user.name]) if user else None
    if user and value is not None:
        found.append(one_person(user, f"is '{value}' in {rows}"))
    return found


def unknown_labels(contract: Contract, split: str, statistics: Any) -> list[str]:
    """Says which labels no row of a split has.

    Args:
      contract: the data contract.
      split: the split's name.
      statistics: its DatasetFeatureStatistics.

    Returns:
      One sentence each.
    """
    features = {feature.path.step[0]: feature for feature in statistics.features}
    return [
        f"column '{label.column}' (label:{label.name}) is missing in all "
        f"{int(statistics.num_examples):,} rows of split '{split}', so that no model can be "
        "trained and judged by it: end the window where it is known (window.end), take more "
        "spans, or drop its tag"
        for label in contract.tasks.labels
        if label.optional and not _rows_with_a_value(features.get(label.column))
    ]


def _rows_with_a_value(feature: Any) -> int:
    return 0 if feature is None else int(_common(feature).num_non_missing)


def _common(feature: Any) -> Any:
    is_number = feature.HasField("num_stats")
    return feature.num_stats.common_stats if is_number else feature.string_stats.common_stats


def _only_class(label: Label, kind: ColumnType, feature: Any) -> str | None:
    """What a label is in all rows that have it, for people; None where it is both."""
    extremes = (feature.num_stats.min, feature.num_stats.max)
    least, most = is_positive(label, kind, np.array(extremes, _DTYPES[kind]))
    if least != most:
        return None
    return positive_words(label) if least else negative_words(label)


def _only_value(feature: Any) -> str | None:
    """The one value that all rows of a column have, or None."""
    if feature.HasField("num_stats"):
        numbers = feature.num_stats
        return f"{numbers.min:.0f}" if numbers.min == numbers.max else None
    texts = feature.string_stats
    if texts.unique != 1:
        return None
    return str(texts.top_values[0].value) if texts.top_values else ""
