"""The parts of a training schedule."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of a training that has an objective or trained variables of its own.

    Attributes:
      name: its name in progress, history and the architecture's hooks.
      epochs: epochs at most.
      early_stopping: whether it ends when validation stops improving and keeps its best
        epoch's weights; otherwise it lasts `epochs` and keeps its last weights.
      learning_rate: the rate of the fresh optimizer of a rewind; None for the training's.
      snapshot_at: epoch of the phase at whose start all weights are kept for a rewind.
      rewind: whether it starts from the kept weights, with a fresh optimizer.
    """

    name: str
    epochs: int
    early_stopping: bool = True
    learning_rate: float | None = None
    snapshot_at: int | None = None
    rewind: bool = False


def checked_schedule(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """Returns the phases of a schedule that can be trained.

    Raises:
      ValueError: there is no phase, one is rewound to weights that none before it keeps, or one
        has a rate of its own without the fresh optimizer of a rewind.
    """
    if not phases:
        raise ValueError("a schedule without phases")
    kept = False
    for phase in phases:
        if phase.rewind and not kept:
            raise ValueError(
                f"phase '{phase.name}' is rewound, but no phase before has snapshot_at"
            )
        if phase.learning_rate is not None and not phase.rewind:
            raise ValueError(f"phase '{phase.name}' has a learning_rate but no rewind")
        kept = phase.snapshot_at is not None or (kept and not phase.rewind)
    return tuple(phases)
