"""Whether histories grow at their end, as the model reads them, or at their start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data.inference.lists.kinds import is_number
from data.inference.lists.list_column import ListColumn
from data.inference.outcomes.relations import Relations

_MOST_PAIRS = 2_000
_LEAST_PAIRS = 20
_NEARLY_ALL = 0.9


class Direction(NamedTuple):
    """What the successive lists of users show.

    Attributes:
      newest_last: True where they grow at the end, False where at the start.
      said: for people.
    """

    newest_last: bool
    said: str


def direction_of(columns: Sequence[ListColumn], relations: Relations) -> Direction | None:
    """Where the first list of ids of a group grows, if users and times show it."""
    user, time = relations.user, relations.time
    ids = [column for column in columns if not is_number(column)]
    if user is None or time is None or not ids:
        return None
    return direction(ids[0], user.codes, time)


def direction(column: ListColumn, users: np.ndarray, times: np.ndarray) -> Direction | None:
    """Compares each user's lists with the ones of the row before.

    A list that grew at its end begins with what the one before ended with, also where old values
    fell out of it: `1 2 3`, then `2 3 4`.

    Args:
      column: a sequence of ids, [N].
      users: the users' numbers, -1 for none, int64 [N].
      times: of the rows, in any unit, NaN where missing, float64 [N].

    Returns:
      None where too few lists of users changed, or both ways are seen.
    """
    order = np.lexsort((times, users))
    follows = (users[order][1:] == users[order][:-1]) & (users[order][1:] >= 0)
    follows &= times[order][1:] > times[order][:-1]
    ends = np.cumsum(column.lengths)
    starts = ends - column.lengths
    last = first = 0
    for place in np.flatnonzero(follows):
        before, after = (
            column.values.codes[starts[row] : ends[row]] for row in order[place : place + 2]
        )
        at_end, at_start = _grew(before, after), _grew(before[::-1], after[::-1])
        # Equal values all along grow at both ends.
        last, first = last + (at_end and not at_start), first + (at_start and not at_end)
        if last + first >= _MOST_PAIRS:
            break
    pairs = last + first
    if pairs < _LEAST_PAIRS or max(last, first) < _NEARLY_ALL * pairs:
        return None
    where = "last" if last > first else "first"
    said = (
        f"newest {where}, as {max(last, first):,} of {pairs:,} lists show that grew from one row "
        "of their user to the next"
    )
    return Direction(last > first, said)


def _grew(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether values were added at the end of a list, of which old ones may have been dropped."""
    if not len(before) or not len(after):
        return False
    return any(
        np.array_equal(before[dropped:], after[: len(before) - dropped])
        for dropped in range(len(before))
        if 0 < len(before) - dropped < len(after)
    )
