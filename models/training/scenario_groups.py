"""The validation rows that a label is judged on, scenario by scenario."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.metrics.binary import weighted_auc, weighted_log_loss
from models.metrics.names import AUC, LOGLOSS, NEGATIVES, POSITIVES
from models.metrics.quality import base_entropy

NORMALIZED_ENTROPY = "normalized_entropy"

LEAST_ROWS = 10
"""Validation rows of each class that a scenario needs to be a group of its own."""

BY_SCENARIO = "validation_by_scenario"
"""The key of `GroupMetrics` in an epoch's record."""

GROUP_METRICS = (AUC, LOGLOSS, NORMALIZED_ENTROPY)

GroupMetrics = dict[str, list[dict[str, Any]]]
"""Output -> its groups: `scenarios` (names), `positives`, `negatives`, `weight`, and metrics."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows of one output's space: of one scenario, or of all that have too few.

    Attributes:
      output: the output.
      scenarios: the scenarios' names.
      rows: their positions, int [n].
      positives: number of rows with target 1.
      negatives: number of rows with target 0.
    """

    output: str
    scenarios: tuple[str, ...]
    rows: np.ndarray
    positives: int
    negatives: int

    @property
    def rarer(self) -> int:
        """Number of rows of the class that has fewer."""
        return min(self.positives, self.negatives)

    @property
    def weight(self) -> float:
        """What the group weighs in the mean of all: 1, or less where even the pool has few rows."""
        return min(1.0, self.rarer / LEAST_ROWS)


def scenario_groups(
    rows: InMemorySplit, outputs: Iterable[str], scenarios: Sequence[str]
) -> list[Group]:
    """Divides each output's space by scenario.

    Scenarios with fewer than `LEAST_ROWS` rows of either class are one group together. What is left
    with one class only judges nothing and is no group.

    Args:
      rows: N labelled rows; those with weight 0 are in no group.
      outputs: the outputs.
      scenarios: the names in the order of their ids; a log without scenarios has one.
    """
    scenario = rows.column(SCENARIO_KEY)
    found = []
    for output in outputs:
        positive = rows.column(target_key(output)) > 0.5
        inside = rows.column(weight_key(output)) > 0
        pooled: list[int] = []
        own: list[Group] = []
        for index, name in enumerate(scenarios):
            group = _group(output, (name,), np.flatnonzero(inside & (scenario == index)), positive)
            if group.rarer < LEAST_ROWS:
                pooled.append(index)
            else:
                own.append(group)
        names = tuple(scenarios[index] for index in pooled)
        rest = np.flatnonzero(inside & np.isin(scenario, pooled))
        groups = [*own, _group(output, names, rest, positive)]
        found += [group for group in groups if group.rarer]
    return found


def group_metrics(
    rows: InMemorySplit, scores: Mapping[str, np.ndarray], groups: Iterable[Group]
) -> GroupMetrics:
    """Computes the metrics of groups, by their output.

    Args:
      rows: N labelled rows.
      scores: output -> finite probabilities, [N].
      groups: of `scenario_groups`.
    """
    found: GroupMetrics = {}
    for group in groups:
        output = group.output
        columns = (rows.column(target_key(output)), scores[output], rows.column(weight_key(output)))
        targets, predicted, weights = (column[group.rows] for column in columns)
        logloss = weighted_log_loss(targets, predicted, weights)
        found.setdefault(output, []).append(
            {
                "scenarios": list(group.scenarios),
                POSITIVES: group.positives,
                NEGATIVES: group.negatives,
                "weight": group.weight,
                AUC: weighted_auc(targets, predicted, weights),
                LOGLOSS: logloss,
                NORMALIZED_ENTROPY: logloss / _base_entropy(targets, weights),
            }
        )
    return found


def _base_entropy(targets: np.ndarray, weights: np.ndarray) -> float:
    positive = targets > 0.5
    sums = (float(weights[rows].sum(dtype=np.float64)) for rows in (positive, ~positive))
    return base_entropy(*sums)


def _group(
    output: str, scenarios: tuple[str, ...], rows: np.ndarray, positive: np.ndarray
) -> Group:
    positives = int(positive[rows].sum())
    return Group(output, scenarios, rows, positives, len(rows) - positives)
