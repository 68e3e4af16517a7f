"""The judgement of a trial: the scores of the judged rows, and their metrics."""

from __future__ import annotations

import pathlib

import numpy as np

from common.errors import PolyrankError
from models.metrics.cells import CellMetrics, cell_metrics
from models.ranker import Ranker
from models.training.scoring import make_scorer
from models.trials.data import TrialData
from models.trials.result import scores_path, write_scores


class BadScoresError(PolyrankError):
    """A trained model gives scores that are not finite."""


def judge(
    ranker: Ranker, features: TrialData, batch_size: int, folder: pathlib.Path
) -> dict[str, CellMetrics]:
    """Scores the judged rows, writes the scores, and returns the metrics.

    Args:
      ranker: the trained model.
      features: whose judged rows are scored.
      batch_size: rows of a batch.
      folder: of the trial; gets a file of scores for each judged set of rows.

    Raises:
      BadScoresError: scores are not finite.
    """
    scorer = make_scorer(ranker, features.eval, batch_size)
    outputs = [output.name for output in features.tasks.outputs]
    # As the Evaluator and the gate: a scenario column of one value has a cell of its own too.
    sliced = features.layout.scenarios if features.by_scenario else ()
    metrics = {}
    for name, rows in features.judged.items():
        scores = scorer(rows)
        _check_finite(name, scores)
        write_scores(scores_path(folder, name), scores)
        metrics[name] = cell_metrics(rows, scores, outputs, sliced, features.groups.get(name))
    return metrics


def _check_finite(name: str, scores: dict[str, np.ndarray]) -> None:
    """A model that has diverged is a failed trial, not one with fewer metrics."""
    for output, values in scores.items():
        wrong = int(np.count_nonzero(~np.isfinite(values)))
        if wrong:
            raise BadScoresError(
                f"the training has diverged: {wrong} of {len(values)} scores of '{output}' on "
                f"{name} are not finite; lower training.learning_rate"
            )
