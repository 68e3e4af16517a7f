"""Why a column's values can be no names of users, items or scenarios."""

from __future__ import annotations

import pyarrow as pa

from data.inference.candidates import Place, counted
from data.inference.lists.text_lists import list_in_text
from data.inference.sampling.profile import Profile


def why_no_names(column: Profile, place: Place, wanted: str) -> str:
    """The test that a column of ids or names fails by its type; empty where it fails none.

    Args:
      column: the column.
      place: says where a row is.
      wanted: the types that can be read.
    """
    if not column.type_is_known:
        return f"its type is {column.values.type}; wanted {wanted}"
    if column.distinct == 0:
        return "it has no value in any row"
    if column.is_time:
        return "its values are times"
    if column.type == "float":
        return f"its value is no whole number in {counted(column.fractions, place)}"
    rows = counted(~column.absent, place)
    if column.values.type == pa.binary():
        return f"its values are bytes that are no UTF-8 text, in {rows}"
    kind = list_in_text(column)
    return "" if kind is None else f"it is {kind.said}, in {rows}"
