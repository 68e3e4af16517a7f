"""Which column tells users apart, and which one the items."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from data.inference import names
from data.inference.candidates import Candidate, Chosen, Place, choose, counted, shown
from data.inference.outcomes.outcome_names import named_outcome
from data.inference.roles.no_names import why_no_names
from data.inference.sampling.profile import Profile
from data.log.user_ids import is_row_number, known_users
from schemas.outcome_names import known_afterwards

MOST_CATEGORIES = 100
"""A column of more values is an id or a number."""

_ALL_DIFFERENT = 0.9
"""A column with more values a row is not guessed to be an id: it stands for the row."""


_OF_NO_USER, _TIMES_THE_NEXT = 0.05, 5
"""A value with this share of the rows, and so many times the next one's, is hardly one user."""


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What ids are judged by.

    Attributes:
      is_key: True for a column that decides the values of others.
      grows: True for a column that grows with the time.
      place: where a row is.
    """

    is_key: Callable[[Profile], bool]
    grows: Callable[[Profile], bool]
    place: Place


def stands_for_the_row(column: Profile) -> bool:
    """True where almost every row has a value of its own."""
    return column.distinct > _ALL_DIFFERENT * _rows(column)


def _is_row_number(column: Profile) -> bool:
    return is_row_number(_rows(column), column.distinct)


def _rows(column: Profile) -> int:
    return len(column.codes) - column.missing


def as_users(column: Profile) -> Profile:
    """The column as the pipeline reads a user_id: guests' ids are missing."""
    return dataclasses.replace(column, values=known_users(column.values))


def guests(user: Profile, place: Place) -> tuple[np.ndarray, str]:
    """Returns bool [N], the rows of no user, and what the user's reason says of such rows."""
    absent = as_users(user).absent
    said = ""
    if absent.any():
        rows = counted(absent, place)
        said = f"; it is empty in {rows}: guests, who are trained on, and in no GAUC"
    sentinel = maybe_no_user(user, place)
    return absent, f"{said}; {sentinel}" if sentinel else said


def maybe_no_user(column: Profile, place: Place) -> str:
    """Says which value may stand for no user, such as 0 or `guest`; empty where none does."""
    if column.distinct < 3:
        return ""
    most, second = np.argsort(column.counts)[::-1][:2]
    rows = column.codes == most
    often = column.counts[most] >= _OF_NO_USER * column.counts.sum()
    if not often or column.counts[most] < _TIMES_THE_NEXT * column.counts[second]:
        return ""
    value = shown(column.texts[most])
    return f"it is {value} in {counted(rows, place)}: if that means no user, leave it empty"


def find_user(columns: Sequence[Profile], evidence: Evidence) -> Chosen:
    """The user, among all columns."""
    read = {column.name: column for column in columns}
    as_read = list(map(as_users, columns))
    found = [
        dataclasses.replace(x, column=read[x.column.name])
        for x in _candidates(as_read, evidence, names.USER, names.ITEM, 1, names.says_user)
    ]
    # Values alone tell the two ids of a log, its user's and its item's, from other columns; of
    # more such columns any one might be the user.
    return choose(found, most_weak=2)


def find_item(columns: Sequence[Profile], evidence: Evidence) -> Candidate | None:
    """The item that was shown, among columns without a role."""
    candidates = _candidates(columns, evidence, names.ITEM, names.USER, -1, lambda name: False)
    return choose(candidates).winner


def as_user(column: Profile, evidence: Evidence) -> Candidate:
    """A column that the caller says tells users apart."""
    # Of a column that is no guess the row number that a run refuses is refused.
    failed = _failed(as_users(column), evidence, _is_row_number)
    return Candidate(column, 1, "chosen", True, failed=failed)


def _candidates(
    columns: Sequence[Profile],
    evidence: Evidence,
    own: frozenset[str],
    other: frozenset[str],
    sign: int,
    says: Callable[[str], bool],
) -> Iterable[Candidate]:
    for column in columns:
        named, other_named = names.has(column.name, own), names.has(column.name, other)
        many = column.distinct > MOST_CATEGORIES
        an_id = names.has(column.name, names.ID)
        # A device may be one of three kinds.
        surely = says(column.name) and (an_id or many or column.distinct < 2)
        failed = _failed(column, evidence)
        if not named and (named_outcome(column.name) or known_afterwards(column.name)):
            continue
        if failed:
            if surely:
                yield Candidate(column, 0, "", True, failed=failed)
            continue
        if other_named or not (many or (named and an_id)) or (named and not an_id and not many):
            continue
        is_key = many and evidence.is_key(column)
        if not (is_key or an_id or named):
            continue
        if not named and names.has(column.name, names.NUMBER | names.IMPRESSION | names.SCENARIO):
            continue
        top = column.counts.max() / column.counts.sum()
        score = 4.0 * named + 2.0 * an_id + is_key + 0.5 - sign * float(top)
        reasons = [f"{column.distinct:,} values, {column.counts.mean():.1f} rows each"]
        if named:
            reasons.insert(0, "its name says so")
        if is_key:
            reasons.append("it decides the values of other columns")
        if not named:
            what = "rarer" if sign > 0 else "more frequent"
            reasons.append(
                f"its most frequent value ({top:.1%} of the rows) is {what} than others'"
            )
        yield Candidate(column, score, "; ".join(reasons), surely, weak=not named)


def _failed(
    column: Profile,
    evidence: Evidence,
    of_the_row: Callable[[Profile], bool] = stands_for_the_row,
) -> str:
    """The test that a column fails as an id; empty where it fails none."""
    failed = why_no_names(column, evidence.place, "an integer or a text")
    if failed:
        return failed
    if column.distinct == 1:
        return f"it is {shown(column.texts[0])} in {_all(column, evidence)}"
    if of_the_row(column):
        return (
            f"it has {column.distinct:,} values in {_all(column, evidence)}: it stands for the row"
        )
    if evidence.grows(column):
        return f"it grows with the time in {_all(column, evidence)}: it stands for the row"
    return ""


def _all(column: Profile, evidence: Evidence) -> str:
    return counted(~column.absent, evidence.place)
