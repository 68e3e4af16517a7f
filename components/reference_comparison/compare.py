"""One output's candidate against its reference models, on the rows that these scored."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from common.errors import BadDataError
from components.reference_models.eval_scores import EvalScores
from models.metrics.names import AUC, LOGLOSS, NEGATIVES, POSITIVES
from models.metrics.paired import paired_differences
from models.metrics.quality import quality

METRICS = (AUC, LOGLOSS)
"""What is compared."""


@dataclasses.dataclass(frozen=True)
class CandidateRows:
    """Eval rows as the candidate scored them.

    Attributes:
      row_ids: unique, int64 [N].
      target: 0 or 1, [N].
      weight: above 0 in the output's space, [N].
      score: the candidate's probabilities, [N].
      user: whose row it is, int64 [N], or NO_USER.
    """

    row_ids: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    score: np.ndarray
    user: np.ndarray

    def of(self, row_ids: np.ndarray) -> CandidateRows:
        """Returns the rows of these ids, in their order.

        Raises:
          BadDataError: a row is not among them, or is outside the output's space.
        """
        order = np.argsort(self.row_ids)
        found = order[np.searchsorted(self.row_ids, row_ids, sorter=order).clip(max=len(order) - 1)]
        shared = (self.row_ids[found] == row_ids) & (self.weight[found] > 0)
        if not shared.all():
            raise BadDataError(
                f"the reference models scored {len(row_ids):,} rows, of which "
                f"{int((~shared).sum()):,} (row id {row_ids[~shared][0]}) are not among the eval "
                "rows that the candidate is compared on; fit them on the same examples"
            )
        return CandidateRows(
            *(getattr(self, field.name)[found] for field in dataclasses.fields(self))
        )


def compare(candidate: CandidateRows, references: EvalScores) -> dict[str, Any]:
    """Compares on exactly the rows that the references scored.

    Args:
      candidate: those rows and maybe others.
      references: of the same output.

    Returns:
      `rows`, `positives`, `negatives`, `candidate` (its metrics) and `models`: reference -> its
      metrics and `difference`: metric -> [candidate less reference, standard error, draws behind
      it]. Numbers that are not defined, as of a score that is not finite, are NaN.

    Raises:
      BadDataError: the candidate's rows lack one of them.
    """
    rows = candidate.of(references.row_ids)
    mine = quality(rows.target, rows.score, rows.weight)
    models = {}
    for name, score in references.scores.items():
        theirs = quality(rows.target, score, rows.weight)
        differences = paired_differences(rows.target, rows.score, score, rows.weight, rows.user)
        models[name] = {
            **{metric: getattr(theirs, metric) for metric in METRICS},
            "difference": {x: dataclasses.astuple(differences[x]) for x in METRICS},
        }
    return {
        "rows": len(rows.row_ids),
        POSITIVES: mine.positives,
        NEGATIVES: mine.negatives,
        "candidate": {metric: getattr(mine, metric) for metric in METRICS},
        "models": models,
    }
