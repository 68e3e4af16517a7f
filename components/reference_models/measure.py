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
) -> dict[str, Any]:
    """Returns each reference model's metrics on eval, or the reason why there are none.

    Args:
      contract: the data contract.
      layout: the fields' names and sizes.
      train: fits.
      validation: chooses smoothing and regularisation.
      eval_: is read once, at the end.
    """
    for name, table in ((TRAIN, train), (VALIDATION, validation), (EVAL, eval_)):
        if not table.has_both_classes():
            return {"reason": f"split '{name}' has not both classes"}
    found = {}
    user, item = user_position(contract, layout), item_position(contract, layout)
    keys = {"user_rate": [user], "user_item_rate": [user, item]}
    for name, positions in keys.items():
        known = [position for position in positions if position is not None]
        if len(known) == len(positions):
            rate = tune_smoothed_rate(train, validation, known)
            found[name] = _measured(eval_, rate.scores(eval_), smoothings=list(rate.smoothings))
    regression = tune_logistic_regression(train, validation)
    found["logistic_regression"] = _measured(
        eval_, regression.scores(eval_), strength=regression.strength
    )
    return found


def _measured(table: Table, scores: np.ndarray, **tuned: Any) -> dict[str, Any]:
    numbers = dataclasses.asdict(quality(table.target, scores, table.weight))
    kept = (*JUDGED, POSITIVES, NEGATIVES)
    metrics = {name: numbers[name] if math.isfinite(numbers[name]) else None for name in kept}
    return {**metrics, **tuned}
