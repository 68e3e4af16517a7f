"""Which columns are, by their names, what came of an impression, or why it was shown."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

from data.inference.names import TIME
from schemas.outcome_names import OUTCOME, has, vocabulary, words

_POLICY = vocabulary(
    "propensity propensities pscore ips ipw ips_weight snips pctr pcvr pctcvr ectr ecvr predicted "
    "prediction predictions pred preds logprob logprobs exploration epsilon"
)
_POLICIES = vocabulary(
    "behavior behaviour logging log logged target evaluation eval serving production bandit random "
    "ranking"
)
"""With one of these, `policy` is who chose the row, and no insurance."""

_CHANCES = vocabulary("prob probability probabilities probs")
_OF_THE_POLICY = vocabulary(
    "logging log logged policy display show shown selection selected exposure sampling ranking "
    "ranker model"
)
_HISTORY = vocabulary(
    "hist history historic historical past prev previous prior last recent before lifetime "
    "cumulative cum ever avg average mean rate ratio ctr cvr ctcvr"
)
_SHARES = vocabulary("rate ratio")
_HAS_A_LENGTH = vocabulary(
    "watch watched view viewed finish finished complete completed completion read"
)
_PERIODS = vocabulary("d day days h hour hours hr hrs w week weeks m month months y year years")
_MORE_OF_OUTCOME = vocabulary(
    "is has did was n num number nr count counts cnt of the a user item to add added event flag "
    "ind indicator binary"
)


def named_outcome(name: str) -> bool:
    """True where a word of the name is what people do with an impression."""
    return has(name, OUTCOME)


def is_plain_outcome(name: str) -> bool:
    """True where no other word says that it is something else: `n_buys`, but no `sort_order`."""
    known = {word for word in words(name) if not word.isdigit()}
    return bool(known & OUTCOME) and known <= OUTCOME | _MORE_OF_OUTCOME


def is_history(name: str) -> bool:
    """True where the name says a sum of earlier rows, as `user_clicks_7d` and `item_ctr` do.

    The share of a video that was watched (`watch_ratio`) is of the row itself.
    """
    parts = words(name)
    own_share = has(name, _HAS_A_LENGTH) and has(name, _SHARES)
    period = any(
        first.isdigit() and second in _PERIODS
        for first, second in zip(parts, parts[1:], strict=False)
    )
    return period or has(name, _HISTORY - _SHARES if own_share else _HISTORY)


def is_time_of_outcome(name: str) -> bool:
    """True for `clicked_at`: a time that only rows with the outcome have."""
    return has(name, OUTCOME) and has(name, TIME)


def of_the_policy(name: str) -> bool:
    """True for what only the policy that showed the row knows: propensities, its predictions."""
    parts = words(name)
    chance = has(name, _CHANCES) and has(name, _OF_THE_POLICY | OUTCOME)
    predicted = any(
        first == "p" and second in OUTCOME for first, second in zip(parts, parts[1:], strict=False)
    )
    policy = "policy" in parts and has(name, _POLICIES)
    return has(name, _POLICY) or policy or chance or predicted


def label_names(columns: Sequence[str]) -> dict[str, str]:
    """The names of labels in the task graph: the columns' without `is_` or `has_`.

    Columns that differ in nothing else keep all of their names.
    """
    short = {column: _without_prefix(column) for column in columns}
    often = collections.Counter(short.values())
    found: dict[str, str] = {}
    for column, name in short.items():
        label = name if often[name] == 1 else _without_separators(column)
        # Names that differ in separators alone.
        number = 2
        while label.casefold() in map(str.casefold, found.values()):
            label, number = f"{name}_{number}", number + 1
        found[column] = label
    return found


def _without_prefix(column: str) -> str:
    parts = words(column)
    kept = parts[1:] if len(parts) > 1 and parts[0] in ("is", "has", "label") else parts
    return "_".join(kept) or _without_separators(column)


def _without_separators(column: str) -> str:
    """A column's name without what tells the parts of a tag and of an override apart."""
    return re.sub(r"[\s,:/*]+", "_", column)
