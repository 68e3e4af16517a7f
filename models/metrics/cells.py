"""Metrics of every cell: an output, in one scenario or over all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from common.names import OVERALL
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.metrics.binary import weighted_auc, weighted_log_loss
from models.metrics.gauc import GroupedAuc, grouped_auc
from models.metrics.names import AUC, COMPARED, GAUC, LOGLOSS, NEGATIVES, POSITIVES

CellMetrics = dict[str, dict[str, dict[str, float]]]
"""Output -> scenario or OVERALL -> `auc`, `gauc`, `logloss`, `positives`, `negatives`, `users`.

`users` is the number of users whose own rows have both classes: those that GAUC is the mean of.
"""


def cell_metrics(
    rows: InMemorySplit,
    scores: Mapping[str, np.ndarray],
    outputs: Iterable[str],
    scenarios: Iterable[str],
    groups: np.ndarray | None = None,
) -> CellMetrics:
    """Computes the metrics of every output and scenario, over the output's own space.

    A metric that its rows do not define is NaN; so are all where a score is not finite.

    Args:
      rows: N labelled rows.
      scores: output -> float32 [N].
      outputs: the outputs to judge.
      scenarios: the scenarios' names in the order of their ids.
      groups: whose ranking GAUC judges: one value a user, [N]; None leaves GAUC NaN.
    """
    scenario = rows.column(SCENARIO_KEY)
    masks = {OVERALL: np.ones(len(rows), bool)}
    masks |= {name: scenario == index for index, name in enumerate(scenarios)}
    found: CellMetrics = {}
    for output in outputs:
        weights = rows.column(weight_key(output))
        targets = rows.column(target_key(output))
        found[output] = {}
        for name, mask in masks.items():
            inside = mask & (weights > 0)
            found[output][name] = _metrics(
                targets[inside],
                scores[output][inside],
                weights[inside],
                None if groups is None else groups[inside],
            )
    return found


def _metrics(
    targets: np.ndarray, scores: np.ndarray, weights: np.ndarray, groups: np.ndarray | None
) -> dict[str, float]:
    positives = int((targets > 0.5).sum())
    found = {POSITIVES: positives, NEGATIVES: len(targets) - positives, "users": 0}
    if not np.isfinite(scores).all():
        return {**dict.fromkeys(COMPARED, math.nan), **found}
    within = GroupedAuc(math.nan, 0)
    if groups is not None:
        within = grouped_auc(targets, scores, weights, groups)
    return {
        **found,
        AUC: weighted_auc(targets, scores, weights),
        GAUC: within.mean,
        LOGLOSS: weighted_log_loss(targets, scores, weights),
        "users": within.groups,
    }
