"""Rows of a slice as arrays: users, targets, weights and the scores of every model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class ScoredRows(NamedTuple):
    """Rows of one slice.

    Attributes:
      values: float32 [N, 2 + M, O]: targets, weights, then the scores of every model, for
        every output. A weight of 0 says that the row is outside the output's space.
      users: whose row it is, int64 [N], or NO_USER.
    """

    values: npt.NDArray[np.float32]
    users: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, vectors: Sequence[npt.NDArray[np.float32]], users: Sequence[int], outputs: int
    ) -> ScoredRows:
        """Stacks rows that are one vector [(2 + M) O] each."""
        values = np.stack(vectors).reshape(len(vectors), -1, outputs)
        return cls(values, np.array(users, np.int64))

    @classmethod
    def joined(cls, parts: Sequence[ScoredRows]) -> ScoredRows:
        """Returns the rows of all parts."""
        if len(parts) == 1:
            return parts[0]
        values, users = zip(*parts, strict=True)
        return cls(np.concatenate(values), np.concatenate(users))

    @property
    def targets(self) -> npt.NDArray[np.float32]:
        """0 or 1, [N, O]."""
        return self.values[:, 0]

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """At least 0, [N, O]."""
        return self.values[:, 1]

    @property
    def models(self) -> int:
        """M."""
        return self.values.shape[1] - 2

    @property
    def outputs(self) -> int:
        """O."""
        return self.values.shape[2]

    def scores(self, model: int) -> npt.NDArray[np.float32]:
        """A model's probabilities, [N, O]."""
        return self.values[:, 2 + model]

    def at(self, chosen: npt.NDArray[np.bool_]) -> ScoredRows:
        """Returns the chosen rows; bool [N]."""
        return ScoredRows(self.values[chosen], self.users[chosen])
