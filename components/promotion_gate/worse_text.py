"""How often the candidate was worse than a simple model, in words.

Apart from `references`, since the command line says it without the gate's imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def worse_of_all(references: Mapping[str, Any]) -> str:
    """Returns `worse in 1 of 6 comparisons with simple models`; nothing where it is in none.

    Args:
      references: `references` of gate.json.
    """
    count = sum(len(found.get("models", ())) for found in references["outputs"].values())
    worse = len(references["worse"])
    return f"worse in {worse} of {count} comparisons with simple models" if worse else ""
