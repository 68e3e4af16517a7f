"""Fits the reference models of one output, and measures them on the eval rows."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from common.names import EVAL, TRAIN, VALIDATION
from models.features.inputs import InputLayout
from models.metrics.names import JUDGED, NEGATIVES, POSITIVES
from models.metrics.quality import quality
from models.references.logistic_regression import tune_logistic_regression
from models.references.smoothed_rate import tune_smoothed_rate
from models.references.table import Table
from schemas.contract import Contract


@dataclasses.dataclass(frozen=True)
class Measured:
    """The reference models of one output.

    Attributes:
      metrics: reference -> its metrics and what was tuned, as JSON; or `reason`: why there are
        none.
      scores: reference -> its probabilities of the eval rows, float64 [N]; empty with a reason.
    """

    metrics: dict[str, Any]
    scores: dict[str, np.ndarray]


def user_position(contract: Contract, layout: InputLayout) -> int | None:
    """The position of the user id among the fields; None where it is no model input."""
    columns = [field.column for field in layout.fields]
    if contract.user_id is None or contract.user_id.name not in columns:
        return None
    return columns.index(contract.user_id.name)


def item_position(contract: Contract, layout: InputLayout) -> int | None:
    """The position of the item's id: the item-side id with the most values."""
    sizes = {field.column: field.size for field in layout.fields}
    item = contract.item_id(sizes)
    return None if item is None else list(sizes).index(item.name)


def references(
    contract: Contract, layout: InputLayout, train: Table, validation: Table, eval_: Table
) -> Measured:
    """Fits the reference models, and scores and measures them on eval.

    Args:
      contract: the data contract.
      layout: the fields' names and sizes.
      train: fits.
      validation: chooses smoothing and regularisation.
      eval_: N rows; is read once, at the end.
    """
    for name, table in ((TRAIN, train), (VALIDATION, validation), (EVAL, eval_)):
        if not table.has_both_classes():
            return Measured({"reason": f"split '{name}' has not both classes"}, {})
    tuned: dict[str, dict[str, Any]] = {}
    scores: dict[str, np.ndarray] = {}
    user, item = user_position(contract, layout), item_position(contract, layout)
    keys = {"user_rate": [user], "user_item_rate": [user, item]}
    for name, positions in keys.items():
        known = [position for position in positions if position is not None]
        if len(known) == len(positions):
            rate = tune_smoothed_rate(train, validation, known)
            tuned[name] = {"smoothings": list(rate.smoothings)}
            scores[name] = rate.scores(eval_)
    regression = tune_logistic_regression(train, validation)
    tuned["logistic_regression"] = {"strength": regression.strength}
    scores["logistic_regression"] = regression.scores(eval_)
    metrics = {name: {**_metrics(eval_, scores[name]), **tuned[name]} for name in scores}
    return Measured(metrics, scores)


def _metrics(table: Table, scores: np.ndarray) -> dict[str, Any]:
    numbers = dataclasses.asdict(quality(table.target, scores, table.weight))
    kept = (*JUDGED, POSITIVES, NEGATIVES)
    return {name: numbers[name] if math.isfinite(numbers[name]) else None for name in kept}
