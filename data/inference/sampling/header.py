"""Files whose first line is no header."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", re.IGNORECASE)


def without_header(names: Iterable[str]) -> str:
    """Says that the first line of a CSV file looks like a row, and what to do; or nothing.

    Args:
      names: the texts of its first line.
    """
    numbers = [name for name in names if _NUMBER.fullmatch(name.strip())]
    if not numbers:
        return ""
    return (
        f"its first line holds numbers ({numbers[0]}): if it is a row, write the names of the "
        "columns above it"
    )
