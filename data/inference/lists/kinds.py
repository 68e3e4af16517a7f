"""What the values of a list are: ids, quantities, a vector, weights of other values."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from data.inference.lists import list_names
from data.inference.lists.list_column import ListColumn

SHORTEST_VECTOR = 4


def is_vector(column: ListColumn) -> bool:
    """True for an embedding: fractions, or numbers that are named so, of one length."""
    length = column.constant_length
    if length is None or length < SHORTEST_VECTOR:
        return False
    kind = column.values.values.type
    if pa.types.is_floating(kind) and column.values.fractions.any():
        return not list_names.says_order(column.name)
    return column.values.type == "int" and list_names.says_vector(column.name)


def is_number(column: ListColumn) -> bool:
    """True for quantities, false for ids."""
    kind = column.values.type
    return kind == "float" or (kind == "int" and list_names.says_number(column.name))


def may_weigh(column: ListColumn) -> bool:
    """True for numbers that may say how much the values of an aligned list count."""
    alike = column.constant_length is None or list_names.says_weight(column.name)
    return alike and bool((column.values.numbers >= 0).all())


def weights_of(
    column: ListColumn, ids: Sequence[ListColumn], numbers: Sequence[ListColumn]
) -> ListColumn | None:
    """The numbers that weigh the values of a list; None where there are none.

    Args:
      column: one of `ids`.
      ids: aligned lists of ids.
      numbers: lists that are aligned with them, and weigh nothing yet.
    """
    # Texts of weights are split as those of the values.
    free = [x for x in numbers if may_weigh(x) and x.text == column.text]
    mine = list_names.stems(column.name)
    alike = [x for x in free if list_names.stems(x.name) & mine]
    if alike:
        return alike[0]
    return free[0] if free and len(ids) == 1 else None


def in_order(together: Sequence[ListColumn], ids: Sequence[ListColumn]) -> bool:
    """True where something speaks for an order of aligned lists, `ids` being those of ids."""
    if any(list_names.says_order(column.name) for column in together):
        return True
    # A place in one of them is a place in the others; tags of a name have none.
    return len(ids) > 1 and not any(list_names.says_no_order(column.name) for column in ids)
