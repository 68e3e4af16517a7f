"""What an architecture has learned, as small named arrays that say what their axes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from common.json_files import plain_json, write_json


class Axis(NamedTuple):
    """One axis of an explanation.

    Attributes:
      name: what runs along it (`scenario`, `label`, `field`, `expert`).
      entries: the name of every position.
    """

    name: str
    entries: tuple[str, ...]


def numbered(name: str, size: int, first: int = 0) -> Axis:
    """An axis whose positions have no names of their own, but numbers from `first` on."""
    return Axis(name, tuple(str(first + position) for position in range(size)))


class Explanation(NamedTuple):
    """One array and its axes.

    Attributes:
      values: the array; NaN where nothing was seen.
      axes: one a dimension, with as many entries.
    """

    values: np.ndarray
    axes: tuple[Axis, ...]

    def document(self) -> dict[str, Any]:
        """Returns plain JSON values; NaN becomes null.

        Raises:
          ValueError: the axes do not fit the array.
        """
        sizes = tuple(len(axis.entries) for axis in self.axes)
        if self.values.shape != sizes:
            names = ", ".join(axis.name for axis in self.axes)
            raise ValueError(f"axes {names} have sizes {sizes}, the array {self.values.shape}")
        axes = [{"name": axis.name, "entries": list(axis.entries)} for axis in self.axes]
        return {"axes": axes, "values": plain_json(self.values)}


def write_explanations(path: str, explanations: Mapping[str, Explanation]) -> None:
    """Writes `{name: {axes, values}}` as one JSON file."""
    write_json(path, {name: found.document() for name, found in explanations.items()})


def scenario_means(values: np.ndarray, scenario: np.ndarray, scenarios: int) -> np.ndarray:
    """Averages rows [B, ...] over those of each scenario: [K, ...]; NaN without rows.

    Args:
      values: one array a row.
      scenario: the rows' scenarios, int [B].
      scenarios: K.
    """
    members = np.eye(scenarios)[scenario]
    counts = members.sum(0).reshape(-1, *([1] * (values.ndim - 1)))
    sums = np.tensordot(members.T, values.astype(np.float64), axes=1)
    with np.errstate(invalid="ignore"):
        return sums / counts
