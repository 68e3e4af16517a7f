"""Who gets a role: the candidates, the tests they fail, and the rule that chooses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from data.inference.sampling.profile import Profile


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A column that might have a role.

    Attributes:
      column: the column.
      score: how much speaks for it; 0 or less is nothing.
      reason: for people.
      named: True where its name says the role and nothing else (`user_id`, but no `user_age`).
      weak: True where nothing but the lack of a better one speaks for it.
      failed: the test that it failed, for people; empty where it failed none.
      advice: what to do where it failed; empty for the role's usual advice.
      unit: of a time: `s`, `ms` or `us`.
    """

    column: Profile
    score: float
    reason: str
    named: bool = False
    weak: bool = False
    failed: str = ""
    advice: str = ""
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The outcome for one role.

    Attributes:
      winner: the column that gets it, or None.
      losers: columns whose names say the role, and that failed a test.
      in_doubt: a weaker candidate that does not get it, since the losers are named better.
    """

    winner: Candidate | None
    losers: tuple[Candidate, ...] = ()
    in_doubt: Candidate | None = None


def choose(candidates: Iterable[Candidate], most_weak: int | None = None) -> Chosen:
    """Chooses the candidate with the highest score, the first of equal ones.

    A column whose name says the role does not lose it in silence: if it failed a test, only
    another column that is named as well takes its place, and both are reported. One that is
    not is left in doubt, and it is for people to decide.

    Args:
      candidates: the columns, in the log's order.
      most_weak: where more weak candidates than this have passed, the best of them is in doubt.
    """
    found = list(candidates)
    losers = tuple(x for x in found if x.failed and x.named)
    passed = [x for x in found if not x.failed and x.score > 0]
    best = max(passed, key=lambda x: (x.named, x.score), default=None)
    if best is not None and losers and not best.named:
        return Chosen(None, losers, best)
    weak = [x for x in passed if x.weak]
    if best is not None and best.weak and most_weak is not None and len(weak) > most_weak:
        others = listed([x.column.name for x in weak if x is not best])
        reason = f"{best.reason}; {others} would do as well, and no name says which"
        return Chosen(None, losers, dataclasses.replace(best, reason=reason))
    return Chosen(best, losers)


def role_reason(what: str, role: Candidate) -> str:
    """Why a column got a role, which is named `what`."""
    return f"{'weak guess: ' if role.weak else ''}{what}: {role.reason}"


def said_of_losers(chosen: Chosen) -> str:
    """What a winner's reason says of the columns whose names say the role too."""
    return "".join(
        f"; not '{loser.column.name}', which has the name of one too: {loser.failed}"
        for loser in chosen.losers
    )


_MOST_SHOWN = 60

Place = Callable[[int], str]
"""A row of the sample -> its file, and its row in it."""


def counted(rows: np.ndarray, place: Place) -> str:
    """`600 of 3,000 rows (first: log.csv, row 7)` of bool [N], some of them True."""
    return f"{int(rows.sum()):,} of {len(rows):,} rows (first: {place(int(rows.argmax()))})"


def gaps(column: Profile, place: Place) -> str:
    """`empty in 3 of 3,000 rows (first: log.csv, row 7)` for a column with gaps, else empty."""
    return f"empty in {counted(column.absent, place)}" if column.missing else ""


def shown(text: str) -> str:
    """A text in quotes, on one line, and not a page of it."""
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")


def listed(names: Sequence[str], most: int = 5) -> str:
    """Texts in quotes, the first few of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more
