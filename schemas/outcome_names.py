"""Names of columns that say what came of an impression."""

from __future__ import annotations

import re


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


OUTCOME = vocabulary(
    "click clicked clicks clk clks tap taps tapped buy buys bought purchase purchases purchased "
    "order orders ordered conversion conversions converted convert conv cvr ctr ctcvr pay pays "
    "paid like likes liked love loves loved follow follows followed share shares shared forward "
    "forwards forwarded comment comments commented reply replies replied reaction reactions cart "
    "carts checkout favorite favorites favourite favourites fav favs collect collects collected "
    "save saves saved bookmark bookmarks bookmarked install installs installed download downloads "
    "downloaded subscribe subscribes subscribed signup signups view views viewed watch watches "
    "watched finish finished complete completes completed completion action actions label labels "
    "target targets outcome outcomes response responses responded reward rewards feedback "
    "engagement engagements engaged enter entered booked booking bookings dislike dislikes "
    "disliked skip skips skipped hide hides hidden vote votes voted rating ratings rated"
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
