"""Why a list is left out: nothing reads it, it says nothing new, or it came too late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from data.inference.candidates import Place, shown
from data.inference.leaving_out import OUTCOME
from data.inference.lists import list_names
from data.inference.lists.kinds import SHORTEST_VECTOR, may_weigh
from data.inference.lists.list_column import ListColumn
from data.inference.outcomes.leaks import SUSPICIOUS_AUC
from data.inference.outcomes.relations import Relations
from data.inference.roles.time_role import time_unit
from data.inference.sampling.profile import Profile
from data.log.casting.lists import is_list
from schemas import usable_text


def unreadable(name: str, lists: pa.Array, place: Place) -> str:
    """Why no model reads a column of lists, or takes it for an input; empty where one can.

    Args:
      name: the column's.
      lists: its lists, [N].
      place: where a row is.
    """
    no_name = usable_text.why_not(name)
    if no_name is not None:
        return f"its name {no_name}"
    lengths = np.asarray(lists.is_valid().to_numpy(zero_copy_only=False))
    column = ListColumn(name, lists)
    if not len(column.rows):
        return "each of its lists is empty" if lengths.any() else "it has no value in any row"
    kind = column.values.values.type
    first = place(int(column.rows[0]))
    if is_list(kind):
        return (
            f"its lists hold lists ({lists.type}; first: {first}), which no model reads: write "
            "one column for each place of the inner ones, or one list of all their values"
        )
    if not (column.values.type_is_known or pa.types.is_null(kind)):
        return f"its lists hold values of the type {kind} (first: {first}), which no model reads"
    if list_names.says_outcome(name, texts=column.values.type == "bytes"):
        return OUTCOME
    return ""


def says_nothing_new(column: ListColumn, relations: Relations, is_vector: bool) -> str:
    """Why a list repeats an id, or is always the same; empty where it is not so.

    A vector of an item (an embedding of its picture) says what is like what, which its id does
    not, though each of them goes with one id.
    """
    whole = column.whole
    copied = None if is_vector else relations.copied(whole)
    if copied is not None:
        return (
            f"a copy of '{copied.name}': each of its {whole.distinct:,} lists goes with one of "
            "that column's values"
        )
    if whole.distinct == 1 and column.constant_length is not None:
        first = int(column.rows[0])
        return f"it is {shown(str(column.lists[first].as_py()))} in every row that has it"
    return ""


def times(column: ListColumn) -> str:
    """Why a list holds moments, which a model can't read; empty where it does not."""
    values = column.values
    if values.type == "float":
        values = Profile(column.name, pa.array(np.trunc(values.numbers), from_pandas=True))
    if time_unit(values) is None:
        return ""
    return (
        "its lists hold moments, and those of tomorrow are in no log of today: deliver how long "
        "each was before the row's own time (seconds, as a list of numbers), which is a gap"
    )


def numbers(column: ListColumn, ids: Sequence[ListColumn]) -> str:
    """Why a list of numbers is no input: neither a vector, nor a sequence, nor weights.

    Args:
      column: its name says no order.
      ids: the lists of ids with as many values in every row.
    """
    least, most = int(column.lengths.min()), int(column.lengths.max())
    found = f"lists of {least:,} to {most:,} numbers" if least < most else f"{most:,} numbers each"
    if not ids:
        return (
            f"{found}, which is no vector (one length, at least {SHORTEST_VECTOR}), and no list of "
            "ids has as many values, which they could weigh"
        )
    said = f"{found}, as many as the values of {', '.join(repr(x.name) for x in ids)}"
    if not may_weigh(column):
        return f"{said}, but not weights of these, which would be at least 0"
    if all(x.text != column.text for x in ids):
        return (
            f"{said}: as weights of these they are read if both columns hold their lists in the "
            "same way, such as JSON"
        )
    return f"{said}: weights of which? Name it in that list's tag ('weights={column.name}')"


def holds_its_own_moment(column: ListColumn, own: Profile, relations: Relations) -> str:
    """Why a history came of the row itself; empty where not.

    Args:
      column: ids.
      own: the column of these ids that says which of them the row is about.
      relations: with the labels.
    """
    for what, derived in _of_the_row(column, own):
        auc, label = relations.best_ranked(Profile(column.name, pa.array(derived)))
        if auc >= SUSPICIOUS_AUC:
            return (
                f"a leak? {what} ranks '{label}' with an AUC of {auc:.3f}: does it hold the row's "
                "own moment?"
            )
    return ""


def _of_the_row(column: ListColumn, own: Profile) -> Iterator[tuple[str, np.ndarray]]:
    """What is known, bool [N], with its name for people."""
    codes = {text: code for code, text in enumerate(column.values.texts)}
    # -2 is in no list, and no empty list's newest value.
    of_own = np.array([codes.get(text, -2) for text in own.texts] + [-2])[own.codes]
    yield f"that its newest value is the row's own '{own.name}'", column.newest == of_own
    inside = np.zeros(len(column.lengths), bool)
    inside[column.rows[column.values.codes == of_own[column.rows]]] = True
    yield f"that it holds the row's own '{own.name}'", inside
