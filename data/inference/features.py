"""What a column is to a model that has no other role: its side, and how it is treated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from data.inference import names
from data.inference.candidates import Place, counted
from data.inference.guesses import Guess
from data.inference.outcomes.label_values import Label
from data.inference.outcomes.outcome_names import named_outcome
from data.inference.roles.id_roles import MOST_CATEGORIES
from data.inference.sampling.profile import Profile
from schemas.outcome_names import known_afterwards

_RARE, _FREQUENT = "id:min_count=2,oov=8", "id:min_count=5,oov=8"
_BUCKETS = 16


def id_tag(column: Profile) -> str:
    """The tag of an id: a vocabulary of the values that are frequent enough."""
    return _FREQUENT if np.median(column.counts) >= 5 else _RARE


def treatment(column: Profile, is_key: Callable[[Profile], bool]) -> tuple[str, ...]:
    """The tags that say how a column is embedded; none for a type that no contract has."""
    if column.type is None or not column.distinct:
        return ()
    if column.type == "float":
        return (f"numeric:buckets={_BUCKETS}",)
    if column.distinct <= MOST_CATEGORIES:
        return ("categorical",)
    if column.type == "bytes" or names.has(column.name, names.ID) or is_key(column):
        return (id_tag(column),)
    return (f"numeric:buckets={_BUCKETS}",)


class Features:
    """Guesses what columns without a role are; the first row weight rules out another one."""

    def __init__(
        self,
        side: Callable[[Profile], str],
        is_key: Callable[[Profile], bool],
        labels: Sequence[Label],
        place: Place,
    ) -> None:
        """Keeps what features are judged by.

        Args:
          side: a column -> `user`, `item` or `context`.
          is_key: True for a column that decides the values of others.
          labels: the most frequent first.
          place: where a row is.
        """
        self._place = place
        self._side = side
        self._is_key = is_key
        self._label = labels[0] if labels else None
        self._weight: str | None = None

    def guess(self, column: Profile) -> Guess:
        """Guesses what one column is."""
        side, required = self._side(column), column.missing == 0
        kind = column.type or "bytes"
        if side == "context" and names.weighs_rows(column.name):
            failed = self._no_weight(column)
            if failed:
                reason = f"its name says the row's weight, but {failed}"
                return self._left_out(column, side, reason)
            self._weight = column.name
            reason = "its name says the row's weight, none is below 0"
            return Guess(column.name, kind, required, ("weight",), reason, served=False)
        reason = f"{column.distinct:,} values"
        if column.missing:
            reason += f", missing in {column.missing / len(column.codes):.2%} of the rows"
        if side != "context":
            reason += f"; the {side} decides it"
        note = _history(column, side)
        reason += f"; {note}" if note else ""
        tags = [side, *treatment(column, self._is_key)]
        served = True
        if side == "context" and names.has(column.name, names.POSITION) and self._label:
            default = _most_average(column, self._label)
            if not default:
                return self._left_out(
                    column,
                    side,
                    "its name says position, known only in the log, and serving can't score as at "
                    f"the empty text, where '{self._label.name}' is nearest to its average",
                )
            tags.append(f"train_only:default={default}")
            served = False
            reason += (
                "; its name says position, known only in the log: serving and evaluation score "
                f"as at {default}, where '{self._label.name}' is nearest to its average"
            )
        return Guess(column.name, kind, required, tuple(tags), reason, served=served, note=note)

    def _left_out(self, column: Profile, side: str, reason: str) -> Guess:
        tags = (side, *treatment(column, self._is_key))
        kind, required = column.type or "bytes", column.missing == 0
        return Guess(column.name, kind, required, tags, reason, left_out=True)

    def _no_weight(self, column: Profile) -> str:
        """The test that a column fails as the row's weight; empty where it fails none."""
        if column.type == "bytes":
            return f"its values are texts, in {counted(~column.absent, self._place)}"
        if column.missing:
            return f"it is empty in {counted(column.absent, self._place)}"
        below = column.numbers < 0
        if below.any():
            return f"it is below 0 in {counted(below, self._place)}"
        # A contract has one weight: the first.
        return f"'{self._weight}' is the weight already" if self._weight else ""


def _history(column: Profile, side: str) -> str:
    """Why a column that is named like an outcome is a feature all the same."""
    if not (named_outcome(column.name) or known_afterwards(column.name)):
        return ""
    if side != "context":
        return (
            f"named like an outcome, but the {side} alone decides it: a sum of earlier rows, and "
            "no outcome of this one"
        )
    return "its name says a sum of earlier outcomes, and alone it ranks no label"


def _most_average(column: Profile, label: Label) -> str:
    """The value whose rows have the label about as often as all rows."""
    rows = (column.codes >= 0) & label.known
    counts = np.bincount(column.codes[rows], minlength=column.distinct)
    positives = np.bincount(column.codes[rows], label.target[rows], column.distinct)
    rates = np.where(counts > 0, positives / np.maximum(counts, 1), np.inf)
    return column.texts[int(np.abs(rates - label.rate).argmin())]
