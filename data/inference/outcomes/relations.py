"""How the columns of a log hang together: what decides what, and what the time decides."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from data.inference import names
from data.inference.outcomes.label_values import Label
from data.inference.outcomes.leaks import lone_auc
from data.inference.outcomes.outcome_names import named_outcome
from data.inference.roles import id_roles, time_role
from data.inference.sampling.profile import Profile


class Relations:
    """Facts about columns; the roles are filled in as they are found.

    Attributes:
      user: the user's column; None where there is none, or before it is found.
      item: the item's column, in the same way.
      time: float64 [N], seconds since 1970 of the impressions, in the same way.
      labels: the labels, the most frequent first; empty before they are found.
    """

    def __init__(self, columns: Sequence[Profile]) -> None:
        """Takes all columns of the log."""
        self._columns = columns
        self.user: Profile | None = None
        self.item: Profile | None = None
        self.time: np.ndarray | None = None
        self.labels: tuple[Label, ...] = ()

    @functools.cache  # noqa: B019 - it lives as long as one guess.
    def is_key(self, column: Profile) -> bool:
        """True for a column that decides the values of others."""
        others = (x for x in self._columns if x is not column and 1 < x.distinct < column.distinct)
        return any(column.determines(other) for other in others)

    @functools.cache  # noqa: B019
    def _decides(self, key: Profile, column: Profile) -> bool:
        return key.determines(column)

    def side(self, column: Profile) -> str:
        """What a column belongs to: `user` or `item` where these decide it, else `context`."""
        if self.user is not None and self._decides(self.user, column):
            return "user"
        if self.item is not None and self._decides(self.item, column):
            return "item"
        return "context"

    def clock(self, column: Profile) -> bool:
        """True for a column that the hour of the week decides."""
        return self.time is not None and time_role.of_the_clock(column, self.time)

    def grows(self, column: Profile) -> bool:
        """True for a column that grows with the time."""
        return self.time is not None and time_role.follows_time(column, self.time)

    def copied(self, column: Profile) -> Profile | None:
        """The user or the item, where a column is another name of it."""
        quantity = names.has(column.name, names.NUMBER) or named_outcome(column.name)
        if column.type == "float" or (column.type == "int" and quantity):
            return None
        named = column.type == "bytes" or names.has(column.name, names.ID | names.USER | names.ITEM)
        owners = [owner for owner in (self.user, self.item) if owner is not None]
        wide = (owner for owner in owners if owner.distinct > 2 and (named or self.is_key(column)))
        return next((owner for owner in wide if column.is_copy_of(owner)), None)

    def stands_for_the_row(self, column: Profile) -> bool:
        """True for an id or a number that is different in almost every row."""
        if not id_roles.stands_for_the_row(column) or len(column.codes) == 1:
            return False
        in_order = column.type == "int" and bool((np.diff(column.numbers) > 0).all())
        ids = names.ID | names.USER | names.IMPRESSION
        an_id = column.type == "int" and names.has(column.name, ids)
        return column.type == "bytes" or in_order or an_id

    @functools.cache  # noqa: B019
    def best_ranked(self, column: Profile) -> tuple[float, str]:
        """The largest AUC by which a column alone ranks a label, and that label's column."""
        ranked = [(lone_auc(column, label), label.name) for label in self.labels]
        return max(ranked, default=(0.5, ""))
