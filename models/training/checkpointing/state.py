"""Where a training stands: what a checkpoint holds next to the variables."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass
class TrainingState:
    """Where a training stands, apart from the variables.

    Attributes:
      phase: number of the phase that runs, from 0.
      phase_start: number of the epoch that the phase began with.
      epoch: number of the epoch that runs or is next, from 0, over all phases.
      step: batches of that epoch already taken.
      loss_sums: sums over those batches of what a step reports.
      history: one record a finished epoch.
      best_epoch: the epoch of the phase with the best monitor, or None before the first.
      best_weights: the model's weights after that epoch.
      non_finite: where numbers that are not finite have ended the training; None elsewhere.
      snapshot: the weights that a later phase is rewound to; empty where none is.
    """

    phase: int = 0
    phase_start: int = 0
    epoch: int = 0
    step: int = 0
    loss_sums: dict[str, float] = dataclasses.field(default_factory=dict)
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None
    non_finite: dict[str, Any] | None = None
    best_weights: list[np.ndarray] = dataclasses.field(default_factory=list)
    snapshot: list[np.ndarray] = dataclasses.field(default_factory=list)
