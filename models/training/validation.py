"""Exact metrics of the validation split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import target_key, weight_key
from models.metrics.binary import weighted_auc, weighted_log_loss
from models.metrics.names import AUC, LOGLOSS

Metrics = dict[str, dict[str, float]]
"""Output -> metric (`auc`, `logloss`) -> value; NaN where it is undefined."""


def validation_metrics(
    rows: InMemorySplit, scores: Mapping[str, np.ndarray], outputs: Iterable[str]
) -> Metrics:
    """Computes AUC and log loss of each output over its own space."""
    found: Metrics = {}
    for output in outputs:
        weights = rows.column(weight_key(output))
        inside = weights > 0
        columns = (rows.column(target_key(output)), scores[output], weights)
        targets, predicted, weights = (column[inside] for column in columns)
        found[output] = {
            AUC: weighted_auc(targets, predicted, weights),
            LOGLOSS: weighted_log_loss(targets, predicted, weights),
        }
    return found


def mean_metric(metrics: Metrics, name: str) -> float:
    """The mean of a metric over the outputs that have it; NaN where none has."""
    values = [values[name] for values in metrics.values() if not math.isnan(values[name])]
    return sum(values) / len(values) if values else math.nan
