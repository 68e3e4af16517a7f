"""Names of columns that say what came of an impression."""

from __future__ import annotations

import re


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


OUTCOME = vocabulary(
    "click clicked clicks clk tap tapped buy bought purchase purchased order ordered conversion "
    "converted conv cvr pay paid like liked love loved follow followed share shared forward "
    "forwarded comment commented cart favorite favourite fav collect collected install installed "
    "download downloaded subscribe subscribed view viewed watch watched finish finished complete "
    "completed action label target outcome response enter entered booked dislike skip skipped "
    "hide"
)
"""What people do with what they are shown."""

AFTERWARDS = vocabulary(
    "dwell stay played watchtime playtime delay revenue gmv refund true truth potential"
)
"""What can be measured only after that."""

_AFTERWARDS_PHRASES = (("play", "time"), ("watch", "time"), ("time", "to"), ("time", "spent"))


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a column's name: `isClick_2` is `is`, `click`, `2`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.findall(r"[a-z]+|[0-9]+", spaced.lower()))


def has(name: str, known: frozenset[str]) -> bool:
    """True where a word of `name` is among the known ones."""
    return not known.isdisjoint(words(name))


def known_afterwards(name: str) -> bool:
    """True where the name says that the value is known only after the impression."""
    parts = words(name)
    pairs = set(zip(parts, parts[1:], strict=False))
    return has(name, AFTERWARDS) or not pairs.isdisjoint(_AFTERWARDS_PHRASES)


def named_like_an_outcome(name: str) -> bool:
    """True where the name says an outcome, or something known only after the impression."""
    return has(name, OUTCOME) or known_afterwards(name)
