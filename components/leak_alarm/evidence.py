"""What speaks for a leak in a feature that does not rank almost perfectly by itself.

A share of the clicks is followed by a purchase, so purchases alone rank clicks far from
perfectly, and yet no request can carry them. Two things make a feature suspect: a name that
says an outcome, and gaps that follow the label. Both occur in honest features too: a person's
number of purchases so far, a rating that new items lack. Those are facts of the person, the
item or the scenario, and rank nothing among the rows of one of them; what is made from the
label does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.report import Evidence
from components.leak_alarm.single_feature_auc import Encoded, rates_of_rows
from models.metrics.binary import weighted_auc
from models.metrics.gauc import grouped_auc
from schemas.contract import Contract

_LEAST_GROUPS = 10
"""Fewer users or items with both classes say nothing against a leak."""

_BY_CHANCE = 1e-6
"""Rows that are all positive by accident are less probable than this."""


class Grouping(NamedTuple):
    """Rows by scenario, user or item.

    Attributes:
      codes: the groups' numbers, int64 [N].
      few: whether there are few groups of many rows, as of scenarios: one that has enough rows
        of both classes speaks for itself.
    """

    codes: np.ndarray
    few: bool = False

    def at(self, rows: np.ndarray) -> Grouping:
        """Returns the chosen rows."""
        return Grouping(self.codes[rows], self.few)

    def counts(self, groups_with_both: int, target: np.ndarray, config: LeaksConfig) -> bool:
        """Whether there are enough rows in it for what they say to be no accident."""
        if not self.few:
            return groups_with_both >= _LEAST_GROUPS
        positives = np.bincount(self.codes, target > 0.5)
        negatives = np.bincount(self.codes) - positives
        enough = (positives >= config.min_positives) & (negatives >= config.min_negatives)
        return bool(enough.any())


def groupings_of(contract: Contract, columns: Mapping[str, Encoded]) -> list[Grouping]:
    """The rows' scenarios, users and items, as far as the log has them.

    Args:
      contract: the data contract.
      columns: the model's inputs and the user id, by name.
    """
    found = []
    if contract.scenario is not None:
        found.append(Grouping(columns[contract.scenario.name].codes, few=True))
    item = contract.item_id({name: column.size for name, column in columns.items()})
    for column in (contract.user_id, item):
        if column is not None:
            found.append(Grouping(columns[column.name].codes))
    return found


def of_values(
    column: Encoded,
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[Grouping],
    config: LeaksConfig,
) -> Evidence | None:
    """Evidence against a feature with a suspect name; None where there is none.

    Args:
      column: the feature, [N].
      target: 0 or 1, float [N].
      weight: above 0, float [N].
      groupings: the rows' scenarios, users and items.
      config: the limits.
    """
    rankings = [*column.ranks, rates_of_rows(column, target, weight)]
    auc = _least_auc(rankings, target, weight, groupings, config)
    if auc > config.suspect_auc_at_most:
        return Evidence(auc)
    decided = _decided_rows(column.codes, column.size, target, groupings, config)
    return Evidence(auc, decided) if decided else None


def of_gaps(
    missing: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[Grouping],
    config: LeaksConfig,
) -> Evidence | None:
    """Evidence in where a feature has no value, bool [N]; other arguments as in `of_values`."""
    if not missing.any() or missing.all():
        return None
    gaps = missing.astype(np.int64)
    auc = _least_auc([gaps], target, weight, groupings, config)
    if auc > config.suspect_auc_at_most:
        return Evidence(auc)
    decided = _decided_rows(gaps, 2, target, groupings, config)
    return Evidence(auc, decided) if decided else None


def of_holding(
    holds: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[Grouping],
    config: LeaksConfig,
) -> Evidence | None:
    """Evidence in which rows' lists hold the row's own item, bool [N].

    People come back to what they chose before, which is honest and ranks well. That none of them
    came back without choosing it again is not.
    """
    decided = _decided_rows(holds.astype(np.int64), 2, target, groupings, config)
    return Evidence(weighted_auc(target, holds, weight), decided) if decided else None


def _least_auc(
    rankings: Sequence[np.ndarray],
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[Grouping],
    config: LeaksConfig,
) -> float:
    """The least of the best AUCs over all rows and within each grouping.

    Stops at the first that is not above `config.suspect_auc_at_most`.
    """
    areas = [weighted_auc(target, ranking, weight) for ranking in rankings]
    least = _best(areas)
    for grouping in groupings:
        if least <= config.suspect_auc_at_most:
            break
        within = [grouped_auc(target, ranking, weight, grouping.codes) for ranking in rankings]
        if grouping.counts(within[0].groups, target, config):
            least = min(least, _best([one.mean for one in within]))
    return least


def _best(areas: Sequence[float]) -> float:
    known = [area for area in areas if math.isfinite(area)]
    return max((max(area, 1 - area) for area in known), default=0.5)


def _decided_rows(
    codes: np.ndarray,
    size: int,
    target: np.ndarray,
    groupings: Sequence[Grouping],
    config: LeaksConfig,
) -> int:
    """The most rows of one value of which all are positive, where that is no accident.

    Nor what the rows' scenario, user or item explains: a person who always clicks does so with
    whatever is known of that person.
    """
    rows = np.bincount(codes, minlength=size)
    positive = np.bincount(codes, target, minlength=size)
    logarithms = [np.full(len(target), math.log(target.mean()))]
    for groups, _ in groupings:
        count = np.bincount(groups)
        rates = (np.bincount(groups, target) + target.mean()) / (count + 1)
        logarithms.append(np.log(rates[groups]))
    decided = [
        int(rows[code])
        for code in np.flatnonzero((rows == positive) & (rows >= config.min_positives))
        if max(x[codes == code].sum() for x in logarithms) < math.log(_BY_CHANCE)
    ]
    return max(decided, default=0)
