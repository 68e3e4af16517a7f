"""Users as numbers, by which metrics tell them apart."""

from __future__ import annotations

import numpy as np

from models.features.preprocessing import MISSING
from models.metrics.gauc import NO_USER
from schemas.column import ColumnType


def user_numbers(kind: ColumnType, users: np.ndarray) -> np.ndarray:
    """Numbers users from 0, in the order of their ids; NO_USER where the id is missing.

    Args:
      kind: the column's type.
      users: as logged, int64 or bytes [N]; `MISSING` where there is none.

    Returns:
      int64 [N].
    """
    distinct, numbers = np.unique(users, return_inverse=True)
    return np.where(distinct[numbers] == MISSING[kind], NO_USER, numbers).astype(np.int64)
