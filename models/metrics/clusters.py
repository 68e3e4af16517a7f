"""Clusters: the rows of one user, who are one draw where standard errors are concerned.

A person's clicks are not independent of each other, so an error that takes rows as independent
is too small wherever users differ. Rows without a user are a cluster each.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from models.metrics.gauc import NO_USER

Array = npt.NDArray[np.float64]
Users = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Clusters:
    """Which rows belong together.

    Attributes:
      codes: int64 [N], from 0 to `count` - 1.
      count: number of clusters, G.
    """

    codes: npt.NDArray[np.int64]
    count: int

    @classmethod
    def of(cls, user: Users | None, rows: int) -> Clusters:
        """Returns the clusters of rows: one a user, and one a row of NO_USER.

        Args:
          user: whose row it is, int64 [N]; None where there is no such column.
          rows: N.
        """
        alone = np.ones(rows, bool) if user is None else user == NO_USER
        if user is None or alone.all():
            return cls(np.arange(rows), rows)
        users, numbers = _numbered(user[~alone])
        count = users + int(alone.sum())
        codes = np.empty(rows, np.int64)
        codes[~alone], codes[alone] = numbers, np.arange(users, count)
        return cls(codes, count)

    def sums(self, values: Array) -> Array:
        """The clusters' sums of the rows' values: [N] to [G]."""
        # numpy 1's types take every count for one of whole numbers.
        return np.bincount(self.codes, values, self.count).astype(np.float64, copy=False)

    def number_with(self, chosen: npt.NDArray[np.bool_]) -> int:
        """How many clusters have one of the chosen rows; bool [N]."""
        return int(np.count_nonzero(np.bincount(self.codes[chosen], minlength=self.count)))

    def draws(self, target: Array) -> float:
        """As how many clusters of equal size the rows count, of the class that has fewer.

        With n_g rows of a class in cluster g that is ``(sum n_g)^2 / sum n_g^2``: the number of
        clusters where all have as many, and fewer where some have most of the rows (Carter,
        Schnepel and Steigerwald, Review of Economics and Statistics 99, 2017).

        Args:
          target: 0 or 1, [N].

        Returns:
          Of one class its number, of no row 0.
        """
        sizes = (np.bincount(self.codes[(target > 0.5) == kind]) for kind in (True, False))
        of_classes = [float(n.sum()) ** 2 / float(n @ n) for n in sizes if n.any()]
        return min(of_classes, default=0.0)


def small_numbers(user: Users) -> Users:
    """Returns the users as numbers from 0, which later steps tell apart without sorting them.

    Args:
      user: int64 [N], or NO_USER, which stays.
    """
    known = user != NO_USER
    numbers = user.copy()
    numbers[known] = np.unique(user[known], return_inverse=True)[1].reshape(-1)
    return numbers


def _numbered(user: Users) -> tuple[int, Users]:
    """How many users there are, and everybody's number."""
    if user.min() < 0 or user.max() >= 8 * len(user):
        users, numbers = np.unique(user, return_inverse=True)
        return len(users), numbers.reshape(-1)
    present = np.zeros(user.max() + 1, np.int64)
    present[user] = 1
    return int(present.sum()), (np.cumsum(present) - 1)[user]


def ratio_error(numerators: Array, denominators: Array) -> float:
    """The standard error of a ratio of two sums over independent draws.

    With ``R = sum_g a_g / sum_g b_g``, the linearised one,

        Var(R) = sum_g (a_g - R b_g)^2 / (sum_g b_g)^2 * G / (G - 1)

    (Cochran, Sampling Techniques, 1977, section 6.4). NaN with fewer than two draws, or where
    the denominators' sum is 0.

    Args:
      numerators: of every draw, [G].
      denominators: [G].
    """
    count, total = len(numerators), float(denominators.sum())
    if count < 2 or not total:
        return math.nan
    residuals = numerators - numerators.sum() / total * denominators
    return math.sqrt(float((residuals**2).sum()) * count / (count - 1)) / abs(total)
