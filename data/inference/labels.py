"""Which columns are labels, and the task graph that their values imply."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from data.inference import names
from data.inference.profile import Profile

_BY_CHANCE = 1e-3
"""Above this probability, rows that keep a constraint by accident prove none."""

_LEAST_SHARE, _LEAST_LIFT = 1 / 3, 2.0
"""`after`: so much of a label's positives have the other, and so much more often than all rows."""


@dataclasses.dataclass(frozen=True)
class LabelGuess:
    """A label, its tag and why.

    Attributes:
      column: the column.
      tag: `label:NAME`, with `given:` or `after:`.
      reason: for people.
    """

    column: Profile
    tag: str
    reason: str


def find_labels(
    columns: Sequence[Profile], sided: Callable[[Profile], str], clock: Callable[[Profile], bool]
) -> list[Profile]:
    """The label columns, the most frequent first.

    Those that are named like an outcome, and those that such a label implies, or is implied by;
    where no name helps, all that neither person, item nor hour decides.

    Args:
      columns: those without a role.
      sided: a column -> `user`, `item` or `context`; an outcome is none of the person alone.
      clock: True for a column that the hour decides.
    """
    free = [
        column
        for column in columns
        if column.binary
        and not names.told_afterwards(column.name)
        and sided(column) == "context"
        and not clock(column)
    ]
    named = [column for column in free if names.has(column.name, names.OUTCOME)]
    related = [
        column
        for column in free
        if column not in named
        and any(_implied(x, [column]) or _implied(column, [x]) for x in named)
    ]
    return sorted([*named, *related] or free, key=lambda column: -column.numbers.sum())


def task_graph(labels: Sequence[Profile]) -> list[LabelGuess]:
    """Tags of the labels (the most frequent first), from the constraints that all rows keep."""
    short = names.label_names([label.name for label in labels])
    any_named = any(names.has(label.name, names.OUTCOME) for label in labels)
    guesses = []
    for index, label in enumerate(labels):
        reasons = [f"0 or 1 in every row, {label.numbers.mean():.2%} are 1"]
        if names.has(label.name, names.OUTCOME):
            reasons.append("its name says outcome")
        elif any_named:
            reasons.append("its rows and those of an outcome imply each other")
        else:
            reasons.append(
                "weak: no column is named like an outcome, and neither person, item nor hour "
                "decides it"
            )
        tag = f"label:{short[label.name]}"
        parent = _implied(label, labels[:index])
        paths = _paths(label, labels[:index])
        if parent is not None:
            name = short[parent.name]
            tag += f" given:{name}"
            reasons.append(
                f"no row has it without '{parent.name}': from now on such a row is refused (write "
                f"after:{name} if it may happen)"
            )
        elif paths:
            tag += f" after:{','.join(short[x.name] for x in paths)}"
            shares = ", ".join(f"'{x.name}' {_share(label, x):.0%}" for x in paths)
            reasons.append(f"where it is 1, so is often {shares}")
        guesses.append(LabelGuess(label, tag, "; ".join(reasons)))
    return guesses


def _share(label: Profile, other: Profile) -> float:
    """Of the label's positives, the share that `other` is 1 in too."""
    return float(other.numbers[label.numbers == 1].mean())


def _implied(label: Profile, others: Sequence[Profile]) -> Profile | None:
    """The rarest of `others` without which the label never is 1, if that is no accident."""
    positives = label.numbers.sum()
    proved = [
        other
        for other in others
        if other.numbers.sum() > positives
        and _share(label, other) == 1
        and positives * np.log(other.numbers.mean()) < np.log(_BY_CHANCE)
    ]
    return min(proved, key=lambda x: x.numbers.sum()) if proved else None


def _paths(label: Profile, others: Sequence[Profile]) -> list[Profile]:
    return [
        other
        for other in others
        if _share(label, other) >= _LEAST_SHARE
        and _share(label, other) >= _LEAST_LIFT * other.numbers.mean()
    ]
