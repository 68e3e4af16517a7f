"""How often every value of a field stands in rows."""

from __future__ import annotations

import numpy as np


def value_counts(
    values: np.ndarray, size: int, scenario: np.ndarray | None = None, scenarios: int = 0
) -> np.ndarray:
    """Counts the values of a field, int [size], or those of every scenario, int [K, size].

    Args:
      values: indices below `size`, int [N].
      size: of the field.
      scenario: every row's, int [N], to count each scenario's rows on its own.
      scenarios: K, where `scenario` is given.
    """
    if scenario is None:
        return np.bincount(values, minlength=size)
    # As 64 bits: rows of all tables together may be more than 32 bits can count.
    places = scenario.astype(np.int64) * size + values
    return np.bincount(places, minlength=scenarios * size).reshape(scenarios, size)
