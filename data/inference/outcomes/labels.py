"""Which columns are labels, and the task graph that their values imply."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from data.inference.candidates import Place
from data.inference.outcomes.label_values import Label, as_label
from data.inference.outcomes.outcome_names import (
    is_history,
    is_plain_outcome,
    label_names,
    named_outcome,
    of_the_policy,
)
from data.inference.sampling.profile import Profile
from schemas.outcome_names import known_afterwards

_BY_CHANCE = 1e-3
"""Above this probability, rows that keep a constraint by accident prove none."""

_LEAST_SHARE, _LEAST_LIFT = 1 / 3, 2.0
"""`after`: so much of a label's positives have the other, and so much more often than all rows."""


@dataclasses.dataclass(frozen=True)
class LabelGuess:
    """A label, its tag and why.

    Attributes:
      label: the column as a label.
      tag: `label:NAME`, with `above:`, `given:` or `after:`.
      reason: for people.
    """

    label: Label
    tag: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Labels:
    """The labels, and the columns that are named like one and are none.

    Attributes:
      found: the most frequent first.
      refused: (column, why it is no label) of columns that are named like an outcome.
      in_doubt: columns that would be labels if no name spoke for others.
    """

    found: tuple[Label, ...]
    refused: tuple[tuple[Profile, str], ...] = ()
    in_doubt: tuple[Label, ...] = ()


def find_labels(
    columns: Sequence[Profile],
    sided: Callable[[Profile], str],
    clock: Callable[[Profile], bool],
    place: Place,
    lost: Sequence[tuple[Profile, str]] = (),
) -> Labels:
    """Finds the labels.

    Those that are named like an outcome, and those that such a label implies, or is implied by.
    Where no column is named like one: all that are 0 or 1 in every row and that neither user,
    item nor hour decides.

    Args:
      columns: those without a role.
      sided: a column -> `user`, `item` or `context`; an outcome is none of the user alone.
      clock: True for a column that the hour decides.
      place: where a row is.
      lost: columns that are named like an outcome and left out already, with the reason.
    """
    named: list[Label] = []
    refused = list(lost)
    free: list[Label] = []
    for column in columns:
        if known_afterwards(column.name) or of_the_policy(column.name):
            continue
        if named_outcome(column.name):
            side = sided(column)
            if side != "context" and is_flag_of_an_id(column):
                refused.append((column, why_no_label(side)))
            if is_history(column.name) or side != "context":
                continue
            label = as_label(column, place)
            if isinstance(label, Label) and (label.above and not is_plain_outcome(column.name)):
                label = "its name says more than an outcome, and its values are not 0 and 1"
            if isinstance(label, Label):
                named.append(label)
            else:
                refused.append((column, label))
        elif _is_free(column, sided, clock):
            label = as_label(column, place)
            free += [label] if isinstance(label, Label) else []
    related = [
        label for label in free if any(_implied(x, [label]) or _implied(label, [x]) for x in named)
    ]
    if named:
        found: list[Label] = []
        # Of a flag and a count that say the same, the flag is the label.
        for label in sorted([*named, *related], key=lambda x: x.above):
            same = next((x for x in found if x.says_the_same_as(label)), None)
            if same is None:
                found.append(label)
            else:
                refused.append((label.column, f"it says the same as '{same.name}' in every row"))
        return Labels(most_frequent_first(found), tuple(refused))
    if refused:
        return Labels((), tuple(refused), most_frequent_first(free))
    return Labels(most_frequent_first(free))


def is_flag_of_an_id(column: Profile) -> bool:
    """True for a flag that is called like an outcome, of a column that the user or item decides.

    It may be known before the impression, as whether a user has subscribed, or be the outcome in
    a log where that happens to be the same in all rows of an item.
    """
    flag = column.type == "int" and column.distinct <= 2
    return flag and is_plain_outcome(column.name) and not is_history(column.name)


def why_no_label(side: str) -> str:
    """What is said of such a flag."""
    return f"the {side} alone decides it, so it may be a fact about the {side}, and no outcome"


def _is_free(
    column: Profile, sided: Callable[[Profile], str], clock: Callable[[Profile], bool]
) -> bool:
    """True for a column of 0 and 1 that nothing known before the impression decides."""
    if column.type != "int" or column.is_time or column.missing or column.distinct != 2:
        return False
    zeros_and_ones = set(np.unique(column.numbers)) == {0.0, 1.0}
    return zeros_and_ones and sided(column) == "context" and not clock(column)


def most_frequent_first(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Sorts labels by their positives, as `task_graph` wants them."""
    return tuple(sorted(labels, key=lambda label: -label.positives))


def task_graph(labels: Sequence[Label], chosen: bool = False) -> list[LabelGuess]:
    """Tags of the labels (the most frequent first), from the constraints that all rows keep.

    Args:
      labels: the labels.
      chosen: True where the caller named them.
    """
    short = label_names([label.name for label in labels])
    any_named = any(named_outcome(label.name) for label in labels)
    guesses = []
    for index, label in enumerate(labels):
        reasons = list(label.reasons)
        if chosen:
            reasons.append("chosen")
        elif named_outcome(label.name):
            reasons.append("its name says outcome")
        elif any_named:
            reasons.append("its rows and those of an outcome imply each other")
        else:
            reasons.append(
                "weak: no column is named like an outcome, and neither user, item nor hour "
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
        if label.above:
            tag += " above:0"
        guesses.append(LabelGuess(label, tag, "; ".join(reasons)))
    return guesses


def _share(label: Label, other: Label) -> float:
    """Of the label's positives that know `other`, the share that it is 1 in too; 0 of none."""
    rows = (label.target == 1) & other.known
    return float(other.target[rows].mean()) if rows.any() else 0.0


def _implied(label: Label, others: Sequence[Label]) -> Label | None:
    """The rarest of `others` without which the label never is 1, if that is no accident."""
    proved = []
    for other in others:
        both = label.known & other.known
        positives = int(label.target[both].sum())
        if (
            both.any()
            and other.target[both].sum() > positives > 0
            and _share(label, other) == 1
            and positives * np.log(other.rate) < np.log(_BY_CHANCE)
        ):
            proved.append(other)
    return min(proved, key=lambda x: x.positives) if proved else None


def _paths(label: Label, others: Sequence[Label]) -> list[Label]:
    return [
        other
        for other in others
        if _share(label, other) >= _LEAST_SHARE and _share(label, other) >= _LEAST_LIFT * other.rate
    ]
