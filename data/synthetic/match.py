"""What a user's last clicks say of a candidate, in worlds with `histories`.

Every item has a latent style, which is no column. With the clicks before the row numbered from
the newest, ``j = 0 ... n - 1``, their effect on a logit is ``weights.history`` times

    sum_j r_j A[style of click j, style of the candidate] / sum_j r_j,    r_j = 2^(-j / half-life)

and 0 where there is none. ``A`` has mean 0 and variance 1 over the pairs of styles. It is of low
rank: what a user clicked makes a taste vector, and the candidate is projected on it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RANK = 4
"""Of the affinity before it is standardised: the number of values of a style's code."""

NO_ITEM = -1
"""Fills histories before their first click."""


def standardised(values: Array) -> Array:
    """Shifts and scales values to mean 0 and variance 1."""
    return (values - values.mean()) / values.std()


def style_affinity(styles: int, rng: np.random.Generator) -> Array:
    """[styles, styles], symmetric, mean 0, variance 1: inner products of random codes."""
    codes = rng.standard_normal((styles, RANK))
    return standardised(codes @ codes.T)


def item_styles(
    category: np.ndarray, styles: int, share: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draws the items' styles, int64 [I].

    Args:
      category: int [I].
      styles: how many there are.
      share: of the items whose style is ``category mod styles``; that of the others is drawn.
      rng: the source of randomness.
    """
    own = rng.integers(styles, size=len(category))
    return np.where(rng.random(len(category)) < share, category % styles, own)


def recency(length: int, clicks: int, half_life: float) -> Array:
    """[length]: the weights r of a history's places, oldest first; 0 before the last `clicks`."""
    age = np.arange(length)[::-1]
    return np.where(age < clicks, 0.5 ** (age / half_life), 0.0)


def match(
    affinity: Array, styles: np.ndarray, history: np.ndarray, item: np.ndarray, weight: Array
) -> Array:
    """How well candidates match histories; see the module.

    Args:
      affinity: [styles, styles].
      styles: int [I], of every item.
      history: int [N, L], the items of the clicks before, the newest last; NO_ITEM before
        the first.
      item: int [N], the candidates.
      weight: [L], of the places.

    Returns:
      float64 [N].
    """
    weights = weight * (history != NO_ITEM)
    values = affinity[styles[history], styles[item][:, None]]
    total = weights.sum(axis=1)
    return (weights * values).sum(axis=1) / np.where(total > 0, total, 1)
