"""The steps of one epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import tensorflow as tf

from models.config import TrainingConfig
from models.ranker import Ranker
from models.training.checkpointing.state import TrainingState
from models.training.distribution import Devices
from models.training.non_finite import Met, agreed_on, in_losses
from models.training.progress import Progress

_AGREE_STEPS = 100
"""Steps after which workers agree on whether one has met a number that is not finite."""


class TrainRows(Protocol):
    """The train split: held in memory or streamed."""

    def steps(self, batch_size: int) -> int:
        """Number of batches an epoch."""

    def epoch(self, batch_size: int, seed: int, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """The batches of an epoch from `first_step` on, the same at every call."""


class EpochSteps:
    """Takes the steps of an epoch, and looks at their losses.

    Args:
      ranker: the compiled model.
      rows: the train split.
      training: how to train.
      devices: whose strategy the ranker was made in.
      progress: what the training says.

    Attributes:
      count: number of steps of an epoch.
      saved_at: when the last checkpoint was written, on the monotonic clock.
    """

    def __init__(
        self,
        ranker: Ranker,
        rows: TrainRows,
        training: TrainingConfig,
        devices: Devices,
        progress: Progress,
    ) -> None:
        self._ranker = ranker
        self._rows = rows
        self._training = training
        self._devices = devices
        self._progress = progress
        self.count = rows.steps(training.batch_size)
        self.saved_at = time.monotonic()

    def run(self, state: TrainingState, save: Callable[[], None]) -> Met | None:
        """Takes the epoch's steps from the state's on.

        Losses are looked at about once a second, and step by step then: each look waits for the
        device.

        Args:
          state: its `step` and `loss_sums` go along.
          save: writes a checkpoint.

        Returns:
          The first loss that is not finite, of any worker; None where all are.
        """
        training, workers = self._training, self._devices.workers
        batches = self._rows.epoch(training.batch_size, training.seed, state.epoch, state.step)
        iterator = iter(self._devices.distributed(batches))
        step_function = self._ranker.make_train_function()
        reports: list[Mapping[str, Any]] = []
        met: Met | None = None
        # The rate counts from the end of the first step, which may build its graph.
        started, first_step = 0.0, state.step + 1
        while state.step < self.count:
            reports.append(step_function(iterator))
            state.step += 1
            now = time.monotonic()
            started = started or now
            last = state.step == self.count
            # Workers save together, and end together; their clocks differ.
            saves = now - self.saved_at >= training.checkpoint_seconds and workers == 1 and not last
            tells = self._progress.due(now) or last
            agrees = last or (tells or saves if workers == 1 else state.step % _AGREE_STEPS == 0)
            if tells or saves or agrees:
                met = met or _collected(state, reports)
                reports.clear()
            if agrees:
                met = agreed_on(met, self._devices, state.step)
                if met:
                    return met
            if tells and not met:
                rows = (state.step - first_step) * training.batch_size
                self._progress.step(state, rows / (now - started) if rows else math.nan)
            if saves:
                save()
        return None


def _collected(state: TrainingState, reports: list[Mapping[str, Any]]) -> Met | None:
    """Adds what the last steps reported, and returns the first loss that is not finite."""
    met = None
    for step, report in enumerate(reports, state.step - len(reports) + 1):
        values = {name: float(value) for name, value in report.items()}
        what = in_losses(values)
        if what and not met:
            met = Met(step, what)
        for name, value in values.items():
            state.loss_sums[name] = state.loss_sums.get(name, 0.0) + value
    return met
