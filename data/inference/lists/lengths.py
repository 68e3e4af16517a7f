"""How many values of a list a model should read."""

from __future__ import annotations

import numpy as np

_ROUND = (1, 2, 3, 5, 10, 20, 30, 50)
_COVERED = 0.99


def length_of(lengths: np.ndarray) -> tuple[int, str]:
    """Chooses the least round length that holds nearly every list wholly; at most 50.

    Args:
      lengths: int64 [N], 0 for an empty list.

    Returns:
      The length, and what it holds, for people.
    """
    some = lengths[lengths > 0]
    covered = ((some <= length).mean() for length in _ROUND)
    found = next(
        (x for x, share in zip(_ROUND, covered, strict=True) if share >= _COVERED), _ROUND[-1]
    )
    inside, longest = float((some <= found).mean()), int(some.max())
    said = f"all have at most {longest:,}" if inside == 1 else f"{inside:.1%} have at most {found}"
    return found, said if inside == 1 else f"{said}, the longest {longest:,}"
