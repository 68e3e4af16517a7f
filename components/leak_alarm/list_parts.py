"""What of a list could give a label away: its newest value, its length, the row's own item.

A history that was made with `<=` where `<` belongs holds the outcome of its own moment: the item
of the row stands in it where it was clicked, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from components.common.raw_rows import lengths_key
from components.leak_alarm.single_feature_auc import Encoded, encode_ids, encode_numbers
from models.features.preprocessing import MISSING
from schemas.contract import Column, Contract
from schemas.tags import MultiValue, Sequence, Vector


class ListPart(NamedTuple):
    """A feature of one value a row that a list has.

    Attributes:
      column: the list's name.
      what: of it, for people.
      encoded: its values, [N].
      holds: bool [N], of whether the row's own item is there; None for another part.
    """

    column: str
    what: str
    encoded: Encoded
    holds: np.ndarray | None = None


def empty_lists(column: Column, held: Mapping[str, np.ndarray]) -> np.ndarray:
    """Where a list has no value, or a vector is missing, bool [N]."""
    return np.asarray(held[lengths_key(column)] == 0)


def list_parts(
    contract: Contract, column: Column, held: Mapping[str, np.ndarray]
) -> Iterator[ListPart]:
    """Yields what is ranked of a list: of a vector nothing, for its numbers say little alone.

    Args:
      contract: the data contract.
      column: one of `contract.list_features`.
      held: raw columns as of `components.common.raw_rows`.
    """
    treatment = column.list_treatment
    if treatment is None or isinstance(treatment, Vector):
        return
    lengths = held[lengths_key(column)]
    yield ListPart(column.name, "its length", encode_numbers(lengths, lengths < 0))
    if isinstance(treatment, Sequence):
        yield ListPart(column.name, "its newest value", _newest(column, treatment, held))
    if treatment.of is not None and contract.column(treatment.of).treatment is not None:
        yield from _own_item(contract, column, treatment, held)


def where(holds: np.ndarray, target: np.ndarray) -> str:
    """In how many of the positive and of the other rows something is so, bool [N]."""
    positive = target > 0.5
    return (
        f" in {holds[positive].mean():.1%} of the positives and {holds[~positive].mean():.1%} of "
        "the negatives"
    )


def _newest(column: Column, treatment: Sequence, held: Mapping[str, np.ndarray]) -> Encoded:
    values, lengths = held[column.graph_name], held[lengths_key(column)]
    there = lengths > 0
    last = values[np.cumsum(lengths)[there] - 1]
    if column.type == "float" or treatment.buckets:
        numbers = np.full(len(lengths), np.nan)
        numbers[there] = last
        return encode_numbers(numbers, ~there)
    found = np.full(len(lengths), MISSING[column.type], values.dtype)
    found[there] = last
    return encode_ids(found)


def _own_item(
    contract: Contract,
    column: Column,
    treatment: Sequence | MultiValue,
    held: Mapping[str, np.ndarray],
) -> Iterator[ListPart]:
    assert treatment.of is not None
    shared = contract.column(treatment.of)
    lengths = held[lengths_key(column)]
    own = held[shared.graph_name]
    # One number for a value, whether it stands in the list or in the column.
    codes = pa.array(np.concatenate([own, held[column.graph_name]])).dictionary_encode().indices
    own_codes, codes = np.split(codes.to_numpy(), [len(own)])
    own_codes = np.where(own == MISSING[shared.type], -1, own_codes)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    same = codes == own_codes[rows]
    inside, newest = np.zeros(len(lengths), bool), np.zeros(len(lengths), bool)
    inside[rows[same]] = True
    there = lengths > 0
    newest[there] = same[np.cumsum(lengths)[there] - 1]
    if isinstance(treatment, Sequence):
        yield _holding(column, f"its newest value is the row's own '{shared.name}'", newest)
    yield _holding(column, f"it holds the row's own '{shared.name}'", inside)


def _holding(column: Column, what: str, holds: np.ndarray) -> ListPart:
    codes = holds.astype(np.int64)
    return ListPart(column.name, what, Encoded(codes, 2, (codes,)), holds)
