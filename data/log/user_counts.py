"""How often users come back: what tells a user_id from a row number, and how many are guests."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.log.user_ids import is_row_number
from schemas.column import Column

_KEPT = 4_096
"""Users whose rows are counted one by one: those whose ids have the smallest hashes."""

_REMEDY = (
    "tag the column that tells persons apart, or drop its user_id tag (polyrank schema infer "
    "--user none)"
)


def one_person(column: Column, what: str) -> str:
    """Says what is wrong with a user_id of which a log or a part of it has one value."""
    why = "one person's rows say nothing of others"
    return f"column '{column.name}' (user_id) {what}: {why}; {_REMEDY}"


@dataclasses.dataclass
class UserCounts:
    """Rows by user, in a few kilobytes for any number of users.

    Attributes:
      rows: number of rows with a user.
      guests: number of rows without one.
      kept: hash of a user's id -> their rows, of the users with the smallest hashes: all of them,
        unless there are more than are kept.
    """

    rows: int = 0
    guests: int = 0
    kept: dict[int, int] = dataclasses.field(default_factory=dict)

    def add(self, users: pa.Array) -> None:
        """Counts rows: int64 or binary [N], null where there is no user."""
        self.guests += users.null_count
        self.rows += len(users) - users.null_count
        found = pc.value_counts(users.drop_null())
        values = found.field("values").to_numpy(zero_copy_only=False)
        hashes = pd.util.hash_array(values, categorize=False)
        if len(self.kept) == _KEPT:
            smallest = np.flatnonzero(hashes <= max(self.kept))
        else:
            smallest = np.argsort(hashes)[:_KEPT]
        counts = found.field("counts").to_numpy()
        self._merge(zip(hashes[smallest].tolist(), counts[smallest].tolist(), strict=True))

    def merge(self, other: UserCounts) -> None:
        """Adds what `other` has counted."""
        self.rows += other.rows
        self.guests += other.guests
        self._merge(other.kept.items())

    def _merge(self, counts: Any) -> None:
        for user, rows in counts:
            self.kept[user] = self.kept.get(user, 0) + rows
        if len(self.kept) > _KEPT:
            self.kept = dict(sorted(self.kept.items())[:_KEPT])

    @property
    def distinct(self) -> int:
        """Number of users; estimated where there are more than are kept."""
        if len(self.kept) < _KEPT:
            return len(self.kept)
        return round(self.rows * len(self.kept) / sum(self.kept.values()))

    def unusable(self, column: Column) -> str | None:
        """Says why the users of `column` are of no use; None where they are."""
        if not self.rows:
            what = f"is empty in all {self.guests:,} rows" if self.guests else ""
        elif self.distinct == 1:
            return one_person(column, f"is the same in all {self.rows:,} rows")
        elif self._is_row_number():
            about = "" if len(self.kept) < _KEPT else "about "
            what = (
                f"has {about}{self.distinct:,} values in {self.rows:,} rows: a value that does not "
                "come back is a row's number, not a person's"
            )
        else:
            what = ""
        return f"column '{column.name}' (user_id) {what}; {_REMEDY}" if what else None

    def _is_row_number(self) -> bool:
        # The kept users' rows are a sample of all, and more than few where these are.
        return is_row_number(sum(self.kept.values()), len(self.kept))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> UserCounts:
        """Reads what `dataclasses.asdict` and JSON made of it."""
        kept = {int(user): rows for user, rows in values["kept"].items()}
        return cls(values["rows"], values["guests"], kept)
