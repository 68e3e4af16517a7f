"""Whose table a feature reads, and the vocabulary of a table."""

from __future__ import annotations

import hashlib

from schemas.column import Column
from schemas.contract import Contract
from schemas.tags import Categorical, Id, MultiValue, Sequence

_LONGEST_NAME = 120


def of_table(column: Column) -> str | None:
    """The name of the column whose table a column reads: its own name where the table is its own.

    None where it reads no table of ids: a number, a vector, numbers cut into quantiles.
    """
    found = column.list_treatment or column.treatment
    if isinstance(found, Id | Categorical):
        return column.name
    if isinstance(found, MultiValue) or (isinstance(found, Sequence) and not found.buckets):
        return found.of or column.name
    return None


def table_lists(contract: Contract, owner: Column) -> tuple[Column, ...]:
    """The lists that read the table of `owner`, itself included where it is one."""
    return tuple(column for column in contract.list_features if of_table(column) == owner.name)


def learns_vocabulary(column: Column) -> bool:
    """True where the column's known values are learned from the log, False where they are fixed."""
    if of_table(column) != column.name:
        return False
    if isinstance(column.treatment, Id):
        return True
    return not column.values and column.int_range is None


def min_count(owner: Column) -> int | None:
    """How often a value must be seen to enter a learned vocabulary; None for once."""
    treatment = owner.list_treatment or owner.treatment
    return treatment.min_count if isinstance(treatment, Id | Sequence | MultiValue) else None


def oov_buckets(owner: Column) -> int:
    """The number of hash buckets of a table for values that it does not know."""
    treatment = owner.list_treatment or owner.treatment
    assert isinstance(treatment, Id | Categorical | Sequence | MultiValue)
    return treatment.oov


def vocabulary_name(name: str) -> str:
    """The name of a vocabulary among the transform graph's assets, which are files.

    Args:
      name: the graph name of its column. A long one is cut, since a file's name has 255 bytes
        and TensorFlow adds its own endings.
    """
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(name.encode()).hexdigest()
        # No graph name holds a hyphen, so that no other column's name is this one.
        name = f"{name[: _LONGEST_NAME // 2]}-{digest[:16]}"
    return f"{name}__vocabulary"
