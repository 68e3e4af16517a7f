"""The labels of a batch as positive, negative or not known yet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.contract import Contract
from schemas.label_values import is_positive
from schemas.task_graph import Label


class LabelRows(NamedTuple):
    """What the rows of a batch say of one label.

    Attributes:
      positive: bool [N]; False where it is not known.
      known: bool [N]; False where the value is missing.
    """

    positive: np.ndarray
    known: np.ndarray


def label_rows(contract: Contract, label: Label, values: pa.Array) -> LabelRows:
    """Reads a label's column.

    Args:
      contract: the data contract.
      label: one of its labels.
      values: the label's column in its type, [N]; null where missing.
    """
    kind = contract.column(label.column).type
    numbers = values.fill_null(0) if values.null_count else values
    known = values.is_valid().to_numpy(zero_copy_only=False)
    return LabelRows(
        known & is_positive(label, kind, numbers.to_numpy(zero_copy_only=False)), known
    )
