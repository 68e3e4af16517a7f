"""The names and sizes of what Transform hands to a model.

Transformed names are kept apart from raw names: a transform that returned the raw
name would shadow it in the Evaluator, and slices would show ids instead of names.
"""

from __future__ import annotations

import dataclasses


def index_key(column: str) -> str:
    """The transformed name of a field's index: int64 [B]."""
    return f"{column}__index"


def value_key(column: str) -> str:
    """The transformed name of a z-scored number: float32 [B]."""
    return f"{column}__value"


SCENARIO_KEY = "scenario__id"
"""The scenario's position in the contract's list: int64 [B]."""

ROW_WEIGHT_KEY = "row__weight"
"""The row's weight: float32 [B]; 1 where the log has no weight column."""


def target_key(output: str) -> str:
    """The name of an output's 0/1 target: float32 [B]."""
    return f"target__{output}"


def weight_key(output: str) -> str:
    """The name of an output's row weights: float32 [B]; 0 outside its space."""
    return f"weight__{output}"


@dataclasses.dataclass(frozen=True)
class Field:
    """One embedded field.

    Attributes:
      column: the log's column.
      size: number of embedding rows; indices are in [0, size).
      dim: embedding width asked for by the tag, or None for the model's own.
      side: `user`, `item`, `context` or None.
      prior: True for a personal prior feature.
    """

    column: str
    size: int
    dim: int | None = None
    side: str | None = None
    prior: bool = False

    @property
    def key(self) -> str:
        """The transformed name of its index."""
        return index_key(self.column)


@dataclasses.dataclass(frozen=True)
class InputLayout:
    """What a model reads, in a fixed order.

    Attributes:
      fields: the embedded fields; P = len(fields).
      numeric: columns of z-scored numbers; N = len(numeric).
      scenarios: the scenarios' names, in the order of their ids; K = len(scenarios).
    """

    fields: tuple[Field, ...]
    numeric: tuple[str, ...]
    scenarios: tuple[str, ...]
