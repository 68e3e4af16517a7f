"""Why a column is left out: nothing reads it, it says nothing new, or it came too late."""

from __future__ import annotations

import pyarrow as pa

from data.inference import names
from data.inference.candidates import shown
from data.inference.lists.text_lists import list_in_text
from data.inference.outcomes import outcome_names
from data.inference.outcomes.labels import is_flag_of_an_id, why_no_label
from data.inference.outcomes.leaks import SUSPICIOUS_AUC
from data.inference.outcomes.relations import Relations
from data.inference.roles import time_role
from data.inference.sampling.profile import Profile
from schemas import usable_text
from schemas.outcome_names import known_afterwards

OUTCOME = "its name says outcome, which is no feature"

_IF_KNOWN = "if it is known before the impression, take the '#' away"
"""A name is a suspicion, and no proof."""

_FOLLOWS_THE_LABEL = 0.6
"""The AUC from which a sum of earlier outcomes is taken to hold the row's own."""


def unreadable(column: Profile) -> str:
    """Why no model reads a column; empty where one can."""
    no_name = usable_text.why_not(column.name)
    if no_name is not None:
        return f"its name {no_name}"
    if not column.type_is_known:
        kind = column.values.type
        return f"its type is {kind}, which no model reads{_other_type(kind)}"
    return "" if column.distinct else "it has no value in any row"


def _other_type(kind: pa.DataType) -> str:
    """What to write the values of a type as; empty where they are no single values."""
    types = pa.types
    if types.is_decimal(kind):
        return "; write it as a double or an integer"
    if types.is_date(kind) or types.is_time(kind) or types.is_duration(kind):
        return "; write it as a number or a text"
    return ""


def unusable(column: Profile) -> str:
    """Why no model should read a column, whatever the others are; empty where one may."""
    kind = list_in_text(column)
    if kind is not None:
        return (
            f"{kind.said}: neither one value nor a list that can be read; write lists as JSON, "
            'such as ["a", "b"], with plain values'
        )
    if outcome_names.is_time_of_outcome(column.name) and time_role.time_unit(column):
        return "the time of an outcome: known only after the impression"
    if outcome_names.of_the_policy(column.name):
        return (
            "its name says knowledge of the policy that showed the row (a propensity, a "
            f"prediction), which only logged rows have; {_IF_KNOWN}"
        )
    return ""


def says_nothing_new(column: Profile, relations: Relations) -> str:
    """Why a column repeats an id or the time, or stands for the row; empty where it does not."""
    copied = relations.copied(column)
    if copied is not None:
        return (
            f"a copy of '{copied.name}': each of its {column.distinct:,} values goes with one of "
            "that column's"
        )
    if column.is_time or relations.grows(column):
        reason = "it grows with the time: its values of tomorrow are in no log of today"
        return f"another time; {reason}" if column.is_time else reason
    if names.says_time(column.name) and not relations.clock(column):
        return "its name says time, and its values of tomorrow are in no log of today"
    if relations.stands_for_the_row(column):
        return "different in almost every row: it stands for the row"
    named = names.has(column.name, names.SCENARIO) or outcome_names.named_outcome(column.name)
    if column.distinct == 1 and not named:
        return f"it is {shown(column.texts[0])} in every row that has it"
    return ""


def afterwards(column: Profile, relations: Relations) -> str:
    """Why a column came of the impression, by its name; empty where it did not.

    What the user or the item alone decides sums up earlier rows (`item_ctr`), unless it is a flag.
    Such a sum may also be of the moment (`user_clicks_7d`); then it has to leave the row's own
    outcome out, which shows in how it ranks the labels.
    """
    name = column.name
    of_an_id = relations.side(column) != "context"
    history = outcome_names.is_history(name)
    if known_afterwards(name) and not (history and of_an_id):
        best, label = relations.best_ranked(column)
        said = f"; {_leak(best, label)}" if best > _FOLLOWS_THE_LABEL else ""
        return f"its name says known only after the impression{said}; {_IF_KNOWN}"
    if not outcome_names.named_outcome(name):
        return ""
    if of_an_id:
        flag = is_flag_of_an_id(column)
        return f"{OUTCOME}: {why_no_label(relations.side(column))}" if flag else ""
    if not history:
        return OUTCOME
    best, label = relations.best_ranked(column)
    if best <= _FOLLOWS_THE_LABEL:
        return ""
    return f"its name says earlier outcomes, but {_leak(best, label)}: does it count the row's own?"


def leak(column: Profile, relations: Relations) -> str:
    """Why the values of a column were known only after the impression; empty where not."""
    best, label = relations.best_ranked(column)
    if best < SUSPICIOUS_AUC:
        return ""
    return f"a leak? {_leak(best, label)}: known only after the impression?"


def _leak(auc: float, label: str) -> str:
    return f"alone it ranks '{label}' with an AUC of {auc:.3f}"
