"""How much a model attends to the newest values of a history, and to older ones."""

from __future__ import annotations

import numpy as np

from models.explanation import Axis, Explanation, numbered


def attention_by_recency(
    weights: np.ndarray, mask: np.ndarray, scenario: np.ndarray, scenarios: tuple[str, ...]
) -> Explanation:
    """Averages the weights of every recency over the rows of each scenario that have it.

    Args:
      weights: of the values, newest first, [B, L].
      mask: where there is a value, bool [B, L].
      scenario: the rows' scenarios, int [B].
      scenarios: their names, K.

    Returns:
      [K, L], float64; recency 0 is the newest value. NaN where no row has that many.
    """
    members = np.eye(len(scenarios))[scenario].T
    counts = members @ mask
    sums = members @ np.where(mask, weights, 0.0)
    means = np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return Explanation(means, (Axis("scenario", scenarios), numbered("recency", mask.shape[1])))
