"""Which columns of a log are lists: Arrow's, and texts that hold them."""

from __future__ import annotations

import numpy as np

from data.inference.candidates import Place, counted, shown
from data.inference.lists.leaving_out import unreadable
from data.inference.lists.list_column import ListColumn
from data.inference.lists.text_lists import ListInText, list_in_text
from data.inference.sampling.profile import Profile
from data.log.casting.lists import is_list, list_array, list_lengths
from data.log.casting.text_kinds import narrowest
from data.log.lists.list_texts import split_texts


def list_column(column: Profile, place: Place) -> ListColumn | str | None:
    """Takes a column of the log for lists.

    Args:
      column: the column.
      place: where a row is.

    Returns:
      The lists; or why no model reads them; None for a column of one value a row.
    """
    if is_list(column.values.type):
        return unreadable(column.name, column.values, place) or ListColumn(
            column.name, column.values
        )
    kind = list_in_text(column)
    if kind is None or kind.how is None:
        return None
    return _split(column, kind, place)


def _split(column: Profile, kind: ListInText, place: Place) -> ListColumn | str:
    assert kind.how is not None
    # Not as texts yet: JSON's fractions would be none.
    texts, broken = split_texts(column.values, kind.how, "float")
    if broken:
        reason, rows = next(iter(broken.items()))
        first = shown(column.values[int(rows.argmax())].as_py())
        what = "hold lists again" if reason == "nested_list" else "hold no list of plain values"
        return f"{kind.said}, but {counted(rows, place)} {what}, such as {first}"
    lengths = list_lengths(texts)
    lists = list_array(lengths, lengths == 0, narrowest(texts.flatten()))
    row = int(np.argmax(lengths > 1)) if (lengths > 1).any() else int(np.argmax(lengths))
    example = f"first: {shown(column.values[row].as_py())}, {place(row)}"
    said = f"{kind.said} ({'; '.join(filter(None, [kind.why, example]))})"
    found = ListColumn(column.name, lists, kind.how, said)
    return unreadable(column.name, lists, place) or found
