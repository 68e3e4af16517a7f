"""What a label's logged value means."""

from __future__ import annotations

import math
from typing import Any

from schemas.column_type import ColumnType
from schemas.task_graph import Label


def is_positive(label: Label, kind: ColumnType, values: Any) -> Any:
    """Says which values are positive, for arrays and tensors alike.

    Args:
      label: whose threshold; without one 1 is positive and 0 is not.
      kind: the column's type.
      values: numbers, a numpy array or tensor of the type that `kind` stands for.

    Returns:
      Bool of the same shape; of a missing value (NaN) False.
    """
    # Whole numbers are compared as such: a float64 can't tell large ones apart.
    return values > negative_value(label, kind)


def negative_value(label: Label, kind: ColumnType) -> float:
    """The largest value that is negative: a whole number for `int`."""
    above = 0.0 if label.above is None else label.above
    return math.floor(above) if kind == "int" else above


def positive_words(label: Label) -> str:
    """What the value of a positive row is, for people: `1`, or `above 2.5`."""
    return "1" if label.above is None else f"above {label.above:g}"


def negative_words(label: Label) -> str:
    """What the value of a negative row is, for people: `0`, or `at most 2.5`."""
    return "0" if label.above is None else f"at most {label.above:g}"
