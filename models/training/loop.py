"""The training: phases, epochs, validation, early stopping, checkpoints, progress."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf

from common.errors import PolyrankError
from common.names import VALIDATION
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.metrics.names import AUC, SMALLER_IS_BETTER, TITLES
from models.ranker import Ranker
from models.schedule import Phase, checked_schedule
from models.training.checkpoints import Checkpoints, TrainingState
from models.training.distribution import Devices
from models.training.rewind import rewind
from models.training.scoring import Scorer, make_scorer
from models.training.validation import Metrics, mean_metric, validation_metrics

_PROGRESS = logging.getLogger("polyrank.progress")


class TrainRows(Protocol):
    """The train split: held in memory or streamed."""

    def steps(self, batch_size: int) -> int:
        """Number of batches an epoch."""

    def epoch(self, batch_size: int, seed: int, epoch: int, first_step: int = 0) -> tf.data.Dataset:
        """The batches of an epoch from `first_step` on, the same whenever they are asked for."""


class TrainingLoop:
    """Trains a ranker through the phases of its architecture, each to its best or last epoch.

    Args:
      ranker: the compiled model.
      rows: the train split.
      validation: the validation split, with the defaults of `train_only` columns.
      training: how to train.
      checkpoints: where to go on from and what to leave for the next start.
      log_dir: folder for TensorBoard's events.
      devices: whose strategy the ranker was made in.
    """

    def __init__(
        self,
        ranker: Ranker,
        rows: TrainRows,
        validation: InMemorySplit,
        training: TrainingConfig,
        checkpoints: Checkpoints,
        log_dir: str,
        devices: Devices | None = None,
    ) -> None:
        self._ranker = ranker
        self._rows = rows
        self._validation = validation
        self._training = training
        self._checkpoints = checkpoints
        self._devices = devices or Devices(ranker.distribute_strategy)
        self._phases = checked_schedule(ranker.architecture.phases(training))
        self._steps = rows.steps(training.batch_size)
        self._writer = tf.summary.create_file_writer(log_dir)
        self._state = TrainingState()
        self._saved_at = time.monotonic()
        self._told_at = 0.0

    def run(self) -> dict[str, Any]:
        """Trains, or goes on with a training that was stopped, and keeps the best weights.

        Returns:
          The history: `epochs` (one record each), `best_epoch`, `monitor`, `steps_per_epoch`.

        Raises:
          PolyrankError: workers of one training found different checkpoints.
        """
        self._state = self._checkpoints.restore() or TrainingState()
        self._check_workers_start_alike()
        self._saved_at = time.monotonic()
        if self._state.epoch or self._state.step:
            _PROGRESS.warning(
                "a training that was stopped goes on at epoch %d/%d, step %d/%d",
                self._state.epoch + 1,
                self._training.max_epochs,
                self._state.step + 1,
                self._steps,
            )
        with self._writer.as_default():
            for phase in self._phases[self._state.phase :]:
                self._train(phase)
        return {
            "monitor": self._training.monitor,
            "best_epoch": self._state.best_epoch,
            "steps_per_epoch": self._steps,
            "epochs": self._state.history,
        }

    def _check_workers_start_alike(self) -> None:
        # Each has looked for a checkpoint by itself. None goes on before all have read theirs,
        # and so none replaces what another is reading.
        position = self._state.epoch * self._steps + self._state.step
        if self._devices.agreed(position) != position:
            raise PolyrankError(
                f"this worker has found a checkpoint of step {position}, and others another one or "
                "none: the checkpoints' folder must be one that all workers see"
            )

    def _train(self, phase: Phase) -> None:
        """Trains one phase to its end, and puts what it leaves into the model."""
        state, ranker = self._state, self._ranker
        ranker.start_phase(phase)
        scorer = make_scorer(ranker, self._validation, self._training.batch_size)
        while not self._finished(phase):
            epoch = state.epoch - state.phase_start
            if epoch == phase.snapshot_at and not state.step:
                state.snapshot = ranker.get_weights()
            ranker.architecture.start_epoch(phase.name, epoch)
            ranker.decay_learning_rates(phase, epoch)
            self._run_epoch()
            self._close_epoch(phase, scorer)
        if phase.early_stopping:
            ranker.set_weights(state.best_weights)
        ranker.architecture.finish_phase(phase.name, ranker.embeddings)
        following = self._phases[state.phase + 1 : state.phase + 2]
        for phase in following:
            state.phase, state.phase_start = state.phase + 1, state.epoch
            state.best_epoch, state.best_weights = None, []
            if phase.rewind:
                rewind(ranker, state.snapshot, phase.learning_rate)
                state.snapshot = []
            self._save()

    def _finished(self, phase: Phase) -> bool:
        state = self._state
        if state.best_epoch is None:
            return False
        without_better = state.epoch - 1 - state.best_epoch
        return state.epoch - state.phase_start >= phase.epochs or (
            phase.early_stopping and without_better >= self._training.patience
        )

    def _run_epoch(self) -> None:
        state, training = self._state, self._training
        batches = self._rows.epoch(training.batch_size, training.seed, state.epoch, state.step)
        iterator = iter(self._devices.distributed(batches))
        step_function = self._ranker.make_train_function()
        reports: list[Mapping[str, Any]] = []
        # The rate counts from the end of the first step, which may build its graph.
        started, first_step = 0.0, state.step + 1
        while state.step < self._steps:
            reports.append(step_function(iterator))
            state.step += 1
            now = time.monotonic()
            started = started or now
            if now - self._told_at >= 1 or state.step == self._steps:
                self._collect(reports)
                rows = (state.step - first_step) * training.batch_size
                self._tell(rows / (now - started) if rows else math.nan)
            due = now - self._saved_at >= training.checkpoint_seconds
            # Workers save together, and their clocks differ.
            if due and self._devices.workers == 1 and state.step < self._steps:
                self._collect(reports)
                self._save()

    def _collect(self, reports: list[Mapping[str, Any]]) -> None:
        """Adds what the steps reported; not in every step, since it waits for the device."""
        for report in reports:
            for name, value in report.items():
                total = self._state.loss_sums.get(name, 0.0) + float(value)
                self._state.loss_sums[name] = total
        reports.clear()

    def _close_epoch(self, phase: Phase, scorer: Scorer) -> None:
        state = self._state
        scores = scorer(self._validation)
        metrics = validation_metrics(self._validation, scores, scores)
        monitor = self._devices.agreed(mean_metric(metrics, self._training.monitor))
        losses = {name: total / self._steps for name, total in state.loss_sums.items()}
        record = {
            "epoch": state.epoch,
            "phase": phase.name,
            **losses,
            **self._ranker.architecture.epoch_logs(),
            VALIDATION: metrics,
            "monitor": monitor,
        }
        if self._better(monitor):
            state.best_epoch = state.epoch
            state.best_weights = self._ranker.get_weights()
        state.history.append(record)
        state.epoch, state.step, state.loss_sums = state.epoch + 1, 0, {}
        self._write_scalars(losses, metrics)
        self._save()

    def _better(self, monitor: float) -> bool:
        state = self._state
        if state.best_epoch is None:
            return True
        best = state.history[state.best_epoch]["monitor"]
        if math.isnan(best) or math.isnan(monitor):
            return math.isnan(best) and not math.isnan(monitor)
        smaller = self._training.monitor in SMALLER_IS_BETTER
        return bool(monitor < best if smaller else monitor > best)

    def _save(self) -> None:
        self._checkpoints.save(self._state)
        self._saved_at = time.monotonic()

    def _tell(self, rows_per_second: float) -> None:
        state = self._state
        loss = state.loss_sums["loss"] / state.step
        words = [
            f"epoch {state.epoch + 1}/{self._training.max_epochs}",
            f"step {state.step}/{self._steps}",
            f"loss {loss:.4f}",
        ]
        if not math.isnan(rows_per_second):
            words.append(f"{rows_per_second:,.0f} rows/s")
        if state.history:
            metrics: Metrics = state.history[-1][VALIDATION]
            conditionals = self._ranker.label_space.conditionals
            words += [f"{name} {TITLES[AUC]} {metrics[name][AUC]:.4f}" for name in conditionals]
        _PROGRESS.info("  ".join(words))
        self._told_at = time.monotonic()
        tf.summary.scalar("train/loss", loss, step=state.epoch * self._steps + state.step)

    def _write_scalars(self, losses: Mapping[str, float], metrics: Metrics) -> None:
        step = self._state.epoch * self._steps
        for name, value in losses.items():
            tf.summary.scalar(f"epoch/{name}", value, step=step)
        for output, values in metrics.items():
            for name, value in values.items():
                tf.summary.scalar(f"{VALIDATION}/{output}/{name}", value, step=step)
        self._writer.flush()
