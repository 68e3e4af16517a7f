"""The names and sizes of what Transform hands to a model.

Transformed names are made of columns' graph names (`schemas.graph_names`). They are kept
apart from raw names: a transform that returned the raw name would shadow it in the Evaluator,
and slices would show ids instead of names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

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


def indices_key(name: str) -> str:
    """The transformed name of a list's indices: int64 [B, L]; 0 behind a row's last value."""
    return f"{name}__indices"


def lengths_key(name: str) -> str:
    """The transformed name of how many values the rows of a list or of a group of lists have.

    int64 [B], in [0, L].

    Args:
      name: a sequence group's, or a multi-valued column's graph name.
    """
    return f"{name}__length"


def weights_key(name: str) -> str:
    """The transformed name of what weighs a multi-valued column's values: float32 [B, L]."""
    return f"{name}__weights"


def vector_key(name: str) -> str:
    """The transformed name of a vector: float32 [B, dim]; zeros where it is missing."""
    return f"{name}__vector"


def target_key(output: str) -> str:
    """The name of an output's 0/1 target: float32 [B]."""
    return f"target__{output}"


def weight_key(output: str) -> str:
    """The name of an output's row weights: float32 [B]; 0 outside its space or where unknown."""
    return f"weight__{output}"


@dataclasses.dataclass(frozen=True)
class _OfColumn:
    """What a model reads of one column, by the column's graph name."""

    name: str

    @property
    def column(self) -> str:
        """The log's column, as people know it."""
        return column_name(self.name)


@dataclasses.dataclass(frozen=True)
class Field(_OfColumn):
    """One embedded field.

    Attributes:
      name: the graph name of the log's column.
      size: number of embedding rows; indices are in [0, size).
      dim: embedding width that the tag sets, or None for the model's own.
      side: `user`, `item`, `context` or None.
      prior: True for a personal prior feature.
      prior_role: whose prior (`user`, `item`, `scenario`); None where the tag does not say.
    """

    size: int
    dim: int | None = None
    side: str | None = None
    prior: bool = False
    prior_role: str | None = None

    @property
    def key(self) -> str:
        """The transformed name of its index."""
        return index_key(self.name)


@dataclasses.dataclass(frozen=True)
class ListField(_OfColumn):
    """One list of indices: a sequence or a multi-valued column.

    Attributes:
      name: the graph name of the log's column.
      table: whose embedding table it reads: the graph name of a field or of a list, its own name
        where the table is its own.
      size: number of the table's rows; indices are in [0, size).
      length: L.
      dim: width of the table, or None for the model's own.
      side: `user`, `item`, `context` or None.
    """

    table: str
    size: int
    length: int
    dim: int | None = None
    side: str | None = None

    @property
    def key(self) -> str:
        """The transformed name of its indices."""
        return indices_key(self.name)


@dataclasses.dataclass(frozen=True)
class MultiValueField(ListField):
    """A multi-valued column.

    Attributes:
      pooling: `mean`, `sum` or `max`.
      weighted: whether its values have weights (`weights_key`).
    """

    pooling: str = "mean"
    weighted: bool = False


@dataclasses.dataclass(frozen=True)
class SequenceInput:
    """Sequences that are aligned row by row.

    Attributes:
      name: the group's.
      length: L.
      columns: its sequences, S of them.
    """

    name: str
    length: int
    columns: tuple[ListField, ...]


@dataclasses.dataclass(frozen=True)
class VectorField(_OfColumn):
    """A dense embedding from elsewhere.

    Attributes:
      name: the graph name of the log's column.
      dim: how many numbers.
      side: `user`, `item`, `context` or None.
    """

    dim: int
    side: str | None = None

    @property
    def key(self) -> str:
        """Its transformed name."""
        return vector_key(self.name)


@dataclasses.dataclass(frozen=True)
class InputLayout:
    """What a model reads, in a fixed order.

    Attributes:
      fields: the embedded columns of one value a row.
      numeric: graph names of the columns of z-scored numbers; N = len(numeric).
      scenarios: the scenarios' names, in the order of their ids; K = len(scenarios).
      multi_values: the columns of several values of equal standing.
      vectors: the dense embeddings from elsewhere.
      sequences: the groups of sequences.
    """

    fields: tuple[Field, ...]
    numeric: tuple[str, ...]
    scenarios: tuple[str, ...]
    multi_values: tuple[MultiValueField, ...] = ()
    vectors: tuple[VectorField, ...] = ()
    sequences: tuple[SequenceInput, ...] = ()

    def slots(self, histories: bool) -> tuple[str, ...]:
        """The columns of `Features.fields` in their order; P of them.

        First the fields; then what makes one embedding of a row's list: multi-valued columns,
        vectors and, where the model reads histories, every column of every sequence group.
        """
        read: tuple[_OfColumn, ...] = (*self.fields, *self.multi_values, *self.vectors)
        names = [each.column for each in read]
        if histories:
            names += [field.column for group in self.sequences for field in group.columns]
        return tuple(names)

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> InputLayout:
        """Reads what JSON makes of `dataclasses.asdict` of a layout."""
        return cls(
            fields=tuple(Field(**field) for field in saved["fields"]),
            numeric=tuple(saved["numeric"]),
            scenarios=tuple(saved["scenarios"]),
            multi_values=tuple(MultiValueField(**x) for x in saved.get("multi_values", ())),
            vectors=tuple(VectorField(**x) for x in saved.get("vectors", ())),
            sequences=tuple(
                SequenceInput(
                    group["name"],
                    group["length"],
                    tuple(ListField(**column) for column in group["columns"]),
                )
                for group in saved.get("sequences", ())
            ),
        )
