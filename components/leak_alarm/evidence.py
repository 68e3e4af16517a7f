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

import numpy as np

from components.leak_alarm.config import LeaksConfig
from components.leak_alarm.report import Evidence
from components.leak_alarm.single_feature_auc import Encoded, rates_of_rows
from models.metrics.binary import weighted_auc
from models.metrics.gauc import grouped_auc
from schemas.contract import Contract
from schemas.tags import Id

_LEAST_GROUPS = 10
"""Fewer groups with both classes say nothing against a leak."""

_BY_CHANCE = 1e-6
"""Rows that are all positive by accident are less probable than this."""


def groupings_of(contract: Contract, columns: Mapping[str, Encoded]) -> list[np.ndarray]:
    """The rows' scenarios, users and items, int [N] each, as far as the log has them.

    The item is the id on the item's side with the most values.

    Args:
      contract: the data contract.
      columns: the model's inputs and the user id, by name.
    """
    items = [
        columns[column.name]
        for column in contract.features
        if column.side == "item" and isinstance(column.treatment, Id)
    ]
    roles = [column for column in (contract.scenario, contract.user_id) if column is not None]
    found = [columns[column.name] for column in roles]
    if items:
        found.append(max(items, key=lambda item: item.size))
    return [column.codes for column in found]


def of_values(
    column: Encoded,
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[np.ndarray],
    config: LeaksConfig,
) -> Evidence | None:
    """Evidence against a feature with a suspect name; None where there is none.

    Args:
      column: the feature, [N].
      target: 0 or 1, [N].
      weight: above 0, [N].
      groupings: int [N] each: the rows' scenarios, users and items.
      config: the limits.
    """
    rankings = [*column.ranks, rates_of_rows(column, target, weight)]
    auc = _least_auc(rankings, target, weight, groupings, config.suspect_auc_at_most)
    if auc > config.suspect_auc_at_most:
        return Evidence(auc)
    decided = _decided_rows(column.codes, column.size, target, groupings, config)
    return Evidence(auc, decided) if decided else None


def of_gaps(
    missing: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[np.ndarray],
    config: LeaksConfig,
) -> Evidence | None:
    """Evidence in where a feature has no value, bool [N]; other arguments as in `of_values`."""
    if not missing.any() or missing.all():
        return None
    gaps = missing.astype(np.int64)
    auc = _least_auc([gaps], target, weight, groupings, config.suspect_auc_at_most)
    if auc > config.suspect_auc_at_most:
        return Evidence(auc)
    decided = _decided_rows(gaps, 2, target, groupings, config)
    return Evidence(auc, decided) if decided else None


def _least_auc(
    rankings: Sequence[np.ndarray],
    target: np.ndarray,
    weight: np.ndarray,
    groupings: Sequence[np.ndarray],
    enough: float,
) -> float:
    """The least of the best AUCs over all rows and within each grouping.

    Stops at the first that is not above `enough`.
    """
    areas = [weighted_auc(target, ranking, weight) for ranking in rankings]
    least = _best(areas)
    for groups in groupings:
        if least <= enough:
            break
        within = [grouped_auc(target, ranking, weight, groups) for ranking in rankings]
        if within[0].groups >= _LEAST_GROUPS:
            least = min(least, _best([one.mean for one in within]))
    return least


def _best(areas: Sequence[float]) -> float:
    known = [area for area in areas if math.isfinite(area)]
    return max((max(area, 1 - area) for area in known), default=0.5)


def _decided_rows(
    codes: np.ndarray,
    size: int,
    target: np.ndarray,
    groupings: Sequence[np.ndarray],
    config: LeaksConfig,
) -> int:
    """The most rows of one value of which all are positive, where that is no accident.

    Nor what the rows' scenario, user or item explains: a person who always clicks does so with
    whatever is known of that person.
    """
    rows = np.bincount(codes, minlength=size)
    positive = np.bincount(codes, target, minlength=size)
    logarithms = [np.full(len(target), math.log(target.mean()))]
    for groups in groupings:
        count = np.bincount(groups)
        rates = (np.bincount(groups, target) + target.mean()) / (count + 1)
        logarithms.append(np.log(rates[groups]))
    decided = [
        int(rows[code])
        for code in np.flatnonzero((rows == positive) & (rows >= config.min_positives))
        if max(x[codes == code].sum() for x in logarithms) < math.log(_BY_CHANCE)
    ]
    return max(decided, default=0)
