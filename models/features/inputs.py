"""The names and sizes of what Transform hands to a model.

Transformed names are made of columns' graph names (`schemas.graph_names`). They are kept
apart from raw names: a transform that returned the raw name would shadow it in the Evaluator,
and slices would show ids instead of names.
"""

from __future__ import annotations

import dataclasses

from schemas.graph_names import column_name


def index_key(name: str) -> str:
    """The transformed name of a field's index: int64 [B]."""
    return f"{name}__index"


def value_key(name: str) -> str:
    """The transformed name of a z-scored number: float32 [B]."""
    return f"{name}__value"


SCENARIO_KEY = "scenario__id"
"""The scenario's position in the contract's list: int64 [B]."""

ROW_WEIGHT_KEY = "row__weight"
"""The row's weight: float32 [B]; 1 where the log has no weight column."""


def target_key(output: str) -> str:
    """The name of an output's 0/1 target: float32 [B]."""
    return f"target__{output}"


def weight_key(output: str) -> str:
    """The name of an output's row weights: float32 [B]; 0 outside its space or where unknown."""
    return f"weight__{output}"


@dataclasses.dataclass(frozen=True)
class Field:
    """One embedded field.

    Attributes:
      name: the graph name of the log's column.
      size: number of embedding rows; indices are in [0, size).
      dim: embedding width that the tag sets, or None for the model's own.
      side: `user`, `item`, `context` or None.
      prior: True for a personal prior feature.
    """

    name: str
    size: int
    dim: int | None = None
    side: str | None = None
    prior: bool = False

    @property
    def column(self) -> str:
        """The log's column, as people know it."""
        return column_name(self.name)

    @property
    def key(self) -> str:
        """The transformed name of its index."""
        return index_key(self.name)


@dataclasses.dataclass(frozen=True)
class InputLayout:
    """What a model reads, in a fixed order.

    Attributes:
      fields: the embedded fields; P = len(fields).
      numeric: graph names of the columns of z-scored numbers; N = len(numeric).
      scenarios: the scenarios' names, in the order of their ids; K = len(scenarios).
    """

    fields: tuple[Field, ...]
    numeric: tuple[str, ...]
    scenarios: tuple[str, ...]
