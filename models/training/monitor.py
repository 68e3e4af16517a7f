"""What decides which epoch of a training is the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.metrics.names import AUC, TITLES
from models.training.scenario_groups import (
    NORMALIZED_ENTROPY,
    Group,
    GroupMetrics,
    group_metrics,
    scenario_groups,
)
from models.training.validation import Metrics, mean_metric


class Monitor:
    """One number an epoch, the same for every architecture.

    `normalized_entropy` is

        sum_g a_g NE_g / sum_g a_g,   a_g = min(1, n_g / LEAST_ROWS)

    over the groups g of the labels' conditional outputs (`scenario_groups`), where NE_g is
    the log loss divided by that of the group's own base rate as the score of every row (He et al.,
    ADKDD 2014), and n_g the number of rows of its rarer class. A scenario counts as much as any
    other once it has enough rows, and all that have too few count together as one. A label
    counts once, whatever outputs follow from it; its total (of a label with `after`) does not
    count.

    The others are the mean of that metric over all outputs, of all scenarios together.

    Args:
      name: `normalized_entropy`, `auc` or `logloss`.
      rows: the validation split.
      outputs: the conditional outputs of the labels that count.
      scenarios: the scenarios' names in the order of their ids.

    Attributes:
      title: what it is, for people.
      smaller_is_better: whether a smaller number is a better epoch.
    """

    def __init__(
        self, name: str, rows: InMemorySplit, outputs: Sequence[str], scenarios: Sequence[str]
    ) -> None:
        self._name = name
        self._rows = rows
        self._groups: list[Group] = scenario_groups(rows, outputs, scenarios)
        self.title = f"mean {TITLES.get(name, name.replace('_', ' '))}"
        self.smaller_is_better = name != AUC

    def by_scenario(self, scores: Mapping[str, np.ndarray]) -> GroupMetrics:
        """Computes the metrics of every label's groups, whatever the monitor is.

        Args:
          scores: output -> finite probabilities, [N].
        """
        return group_metrics(self._rows, scores, self._groups)

    def value(self, metrics: Metrics, by_scenario: GroupMetrics) -> float:
        """Returns the number, NaN where the rows do not define it.

        Args:
          metrics: of all outputs, over all scenarios.
          by_scenario: of `by_scenario`.
        """
        if self._name != NORMALIZED_ENTROPY:
            return mean_metric(metrics, self._name)
        groups = [group for label in by_scenario.values() for group in label]
        if not groups:
            return math.nan
        values = [group[NORMALIZED_ENTROPY] for group in groups]
        return float(np.average(values, weights=[group["weight"] for group in groups]))

    def better(self, value: float, best: float) -> bool:
        """Whether a value is better than the best before; one that is undefined never is."""
        if math.isnan(value) or math.isnan(best):
            return math.isnan(best) and not math.isnan(value)
        return value < best if self.smaller_is_better else value > best
