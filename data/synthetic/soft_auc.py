"""AUC against known probabilities: the expectation over all draws of the labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def soft_auc(
    score: npt.ArrayLike, probability: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> float:
    """The AUC of a score, free of the labels' noise.

    Sum over pairs i != j of ``w_i w_j p_i (1 - p_j) [s_i > s_j]`` over the same
    sum without the bracket; a tie counts one half. O(n log n).

    Args:
      score: [N], any monotone score.
      probability: [N], the true probability of a positive, in [0, 1]. Labels (0 or 1) give
        the ordinary AUC.
      weight: [N], >= 0; P(click) gives the AUC over clicked rows. None: all 1.

    Returns:
      The AUC, or NaN where no pair has a positive and a negative.

    Raises:
      ValueError: shapes differ, or a score is NaN.
    """
    s = np.asarray(score, np.float64)
    p = np.asarray(probability, np.float64)
    w = np.ones_like(p) if weight is None else np.asarray(weight, np.float64)
    if s.ndim != 1 or s.shape != p.shape or s.shape != w.shape:
        raise ValueError(f"score {s.shape}, probability {p.shape}, weight {w.shape}: want one [N]")
    if np.isnan(s).any():
        raise ValueError(f"score is NaN in {int(np.isnan(s).sum())} of {len(s)} rows")
    _, tie = np.unique(s, return_inverse=True)
    positive, negative = w * p, w * (1 - p)
    own = positive * negative
    positives = np.bincount(tie, positive)
    negatives = np.bincount(tie, negative)
    below = np.cumsum(negatives) - negatives
    tied = positives * negatives - np.bincount(tie, own)
    pairs = positives.sum() * negatives.sum() - own.sum()
    return float((positives @ below + tied.sum() / 2) / pairs) if pairs > 0 else float("nan")
