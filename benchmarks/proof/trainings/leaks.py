"""Whether a model ranks the log's eval rows better than their true probabilities do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from common.names import OVERALL
from components.bayes_check.judge import Comparison, compare
from components.leak_alarm.config import LeaksConfig
from data.synthetic.columns import contract
from models.features.inputs import SCENARIO_KEY, target_key, weight_key
from models.trials.data import TrialData

STANDARD_ERRORS = 3.0


def above_bayes(
    scores: Mapping[str, np.ndarray], data: TrialData, truth: Mapping[str, np.ndarray]
) -> tuple[Comparison, ...]:
    """Compares AUCs of the labels that were drawn, as BayesCheck does in a run.

    The noise-free AUC has no part in it: on rows with known probabilities nothing can be above
    it, and lists that hold what they must not show only where labels were drawn after them.

    Args:
      scores: output -> the model's, [N] of `data.eval`.
      data: the rows.
      truth: true probability's column -> [N] of `data.eval`.

    Returns:
      Outputs, on all rows and in each scenario, that are above by more than `STANDARD_ERRORS`.
    """
    config, rows = LeaksConfig(), data.eval
    scenario = rows.column(SCENARIO_KEY)
    slices = {OVERALL: np.ones(len(rows), bool)}
    slices |= {name: scenario == k for k, name in enumerate(data.layout.scenarios)}
    found = [
        compare(
            output,
            name,
            rows.column(target_key(output)),
            scores[output],
            truth[column.name],
            rows.column(weight_key(output)) * inside,
            config,
        )
        for output, column in contract().truths.items()
        for name, inside in slices.items()
    ]
    return tuple(x for x in found if x is not None and x.too_good(STANDARD_ERRORS))
