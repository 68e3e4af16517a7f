"""The rows of one output as arrays, for models that need no network."""

from __future__ import annotations

import dataclasses

import numpy as np

from models.datasets.in_memory import InMemorySplit
from models.features.inputs import InputLayout, target_key, value_key, weight_key


@dataclasses.dataclass(frozen=True)
class Table:
    """The rows inside an output's space.

    Attributes:
      fields: indices of the embedded fields, int32 [N, P].
      sizes: number of values of each field; P of them.
      numeric: z-scored numbers, float32 [N, M].
      target: 0 or 1, float64 [N].
      weight: > 0, float64 [N].
    """

    fields: np.ndarray
    sizes: tuple[int, ...]
    numeric: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    def has_both_classes(self) -> bool:
        """Whether there is a positive and a negative."""
        return bool(self.target.any() and (1 - self.target).any())


def positions_inside(rows: InMemorySplit, output: str) -> np.ndarray:
    """Returns the positions of the rows of the output's space, in their order."""
    return np.flatnonzero(rows.column(weight_key(output)) > 0)


def table_of(rows: InMemorySplit, layout: InputLayout, output: str) -> Table:
    """Returns the rows of the output's space as a table, its columns in the layout's order."""
    inside = positions_inside(rows, output)
    held = rows.at(inside)

    def side_by_side(names: list[str], dtype: type) -> np.ndarray:
        columns = [held.column(name) for name in names]
        return np.stack(columns, axis=1) if columns else np.empty((len(inside), 0), dtype)

    return Table(
        fields=side_by_side([field.key for field in layout.fields], np.int32),
        sizes=tuple(field.size for field in layout.fields),
        numeric=side_by_side([value_key(name) for name in layout.numeric], np.float32),
        target=held.column(target_key(output)).astype(np.float64),
        weight=held.column(weight_key(output)).astype(np.float64),
    )
