"""Lists that belong together: equally many values in every row."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable, Sequence

from data.inference.lists.list_column import ListColumn
from data.inference.lists.list_names import says_order

_NO_PREFIX = "history"
_LONGEST_NAME = 40


def aligned(columns: Iterable[ListColumn]) -> list[list[ListColumn]]:
    """Puts lists of equal lengths in every row together, in the log's order.

    Lists of one length in all rows are equally long by whatever chance: only those whose names
    say an order are put together.
    """
    found: dict[bytes, list[ListColumn]] = {}
    for column in columns:
        constant = column.constant_length is not None
        key = column.lengths.tobytes()
        if constant and (column.constant_length == 1 or not says_order(column.name)):
            key = column.name.encode() + b" alone"
        found.setdefault(key, []).append(column)
    return list(found.values())


def group_name(columns: Sequence[ListColumn], taken: Iterable[str]) -> str:
    """Names a group by what its columns' names begin with; `taken` are other names."""
    prefix = os.path.commonprefix([column.name for column in columns])
    # A word is no part of another one: `cat` and `category` have none in common.
    whole = re.match(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*(?=_)", prefix)
    name = whole.group()[:_LONGEST_NAME] if whole else _NO_PREFIX
    used, number = {x.casefold() for x in taken}, 2
    found = name
    while found.casefold() in used:
        found, number = f"{name}_{number}", number + 1
    return found
