"""Which values of a user_id are no user's, and when the column is a row number."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from data.log.casting.values import without

FEWEST_ROWS = 1_000
LEAST_REPEATED = 0.01


def known_users(users: pa.Array) -> pa.Array:
    """The ids that tell users apart: a text that is empty or blank is none.

    Args:
      users: numbers, string or binary [N].

    Returns:
      The same type, [N], null where a row has no user.
    """
    if not (pa.types.is_string(users.type) or pa.types.is_binary(users.type)):
        return users
    blank = pc.fill_null(pc.invert(pc.match_substring_regex(users, r"\S")), False)
    return without(users, blank)


def is_row_number(rows: int, distinct: int) -> bool:
    """True where ids do not come back: they are the rows' numbers, and no persons'.

    That is where, of at least `FEWEST_ROWS` rows, fewer than `LEAST_REPEATED` are of a user who
    has another one. Fewer rows prove nothing.

    Args:
      rows: number of rows with an id.
      distinct: number of ids in them.
    """
    return rows >= FEWEST_ROWS and rows - distinct < LEAST_REPEATED * rows
