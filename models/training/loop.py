"""The training: phases, epochs, validation, early stopping, checkpoints."""

from __future__ import annotations

import math
import time
from typing import Any

from common.errors import PolyrankError
from common.names import VALIDATION
from models.config import TrainingConfig
from models.datasets.in_memory import InMemorySplit
from models.ranker import Ranker
from models.schedule import Phase, checked_schedule
from models.training.checkpointing.checkpoints import Checkpoints
from models.training.checkpointing.state import TrainingState
from models.training.distribution import Devices
from models.training.epoch import EpochSteps, TrainRows
from models.training.gate_signals import GateSignals
from models.training.monitor import Monitor
from models.training.non_finite import (
    Met,
    agreed_on,
    in_scores,
    in_weights,
    no_good_weights,
    where,
)
from models.training.progress import Progress
from models.training.rewind import rewind
from models.training.scenario_groups import BY_SCENARIO
from models.training.scoring import Scorer, make_scorer
from models.training.validation import validation_metrics


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
        self._validation = validation
        self._training = training
        self._checkpoints = checkpoints
        self._devices = devices or Devices(ranker.distribute_strategy)
        self._phases = checked_schedule(ranker.architecture.phases(training))
        self._monitor = Monitor(
            training.monitor, validation, ranker.weighed_labels, ranker.layout.scenarios
        )
        self._progress = Progress(
            log_dir,
            training.max_epochs,
            rows.steps(training.batch_size),
            ranker.label_space.conditionals,
            self._monitor,
        )
        self._gates = GateSignals(ranker, validation)
        self._steps = EpochSteps(ranker, rows, training, self._devices, self._progress)
        self._state = TrainingState()

    def run(self) -> dict[str, Any]:
        """Trains, or goes on with a training that was stopped, and keeps the best weights.

        Returns:
          The history: `epochs` (one record each), `best_epoch`, `monitor`, `steps_per_epoch`, and
          `non_finite`: None, or where numbers that are not finite have ended the training
          (`phase`; `epoch`, from 0; `step`, from 1, None at the epoch's end; `what`).

        Raises:
          PolyrankError: workers of one training found different checkpoints, or the training has
            diverged before it had weights to end with.
        """
        self._state = self._checkpoints.restore() or TrainingState()
        self._check_workers_start_alike()
        self._steps.saved_at = time.monotonic()
        if self._state.epoch or self._state.step:
            self._progress.resumed(self._state)
        with self._progress.writer.as_default():
            for phase in self._phases[self._state.phase :]:
                self._train(phase)
        return {
            "monitor": self._training.monitor,
            "best_epoch": self._state.best_epoch,
            "steps_per_epoch": self._steps.count,
            "non_finite": self._state.non_finite,
            "epochs": self._state.history,
        }

    def _check_workers_start_alike(self) -> None:
        # Each has looked for a checkpoint by itself. None goes on before all have read theirs,
        # and so none replaces what another is reading.
        position = self._state.epoch * self._steps.count + self._state.step
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
            ranker.optimizers.decay(phase, epoch)
            met = self._steps.run(state, self._save)
            if met:
                self._end(phase, met)
            else:
                self._close_epoch(phase, scorer)
        if state.non_finite and state.best_epoch is not None:
            self._progress.diverged(self._where(), state.best_epoch)
        if phase.early_stopping or state.non_finite:
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
        if state.non_finite:
            return True
        without_better = state.epoch - 1 - state.best_epoch
        return state.epoch - state.phase_start >= phase.epochs or (
            phase.early_stopping and without_better >= self._training.patience
        )

    def _end(self, phase: Phase, met: Met) -> None:
        """Marks the training as ended by numbers that are not finite.

        Raises:
          PolyrankError: there are no weights to end with.
        """
        state = self._state
        state.non_finite = {"phase": phase.name, "epoch": state.epoch, **met._asdict()}
        following = next((x.name for x in self._phases[state.phase + 1 :]), "")
        if state.best_epoch is None or following:
            raise no_good_weights(self._where(), self._ranker, self._training, phase, following)
        self._save()

    def _where(self) -> str:
        assert self._state.non_finite is not None
        return where(self._state.non_finite, self._training.max_epochs, self._steps.count)

    def _close_epoch(self, phase: Phase, scorer: Scorer) -> None:
        state, validation = self._state, self._validation
        scores = scorer(validation)
        what = in_weights(self._ranker) or in_scores(scores)
        met = agreed_on(Met(None, what) if what else None, self._devices)
        if met:
            self._end(phase, met)
            return
        metrics = validation_metrics(validation, scores, scores)
        by_scenario = self._monitor.by_scenario(scores)
        monitor = self._devices.agreed(self._monitor.value(metrics, by_scenario))
        losses = {name: total / self._steps.count for name, total in state.loss_sums.items()}
        rule = self._ranker.gradient_rule
        record = {
            "epoch": state.epoch,
            "phase": phase.name,
            **losses,
            **self._gates.logs(),
            **self._ranker.architecture.epoch_logs(),
            **({} if rule is None else rule.epoch_logs()),
            VALIDATION: metrics,
            BY_SCENARIO: by_scenario,
            "monitor": monitor,
        }
        if math.isnan(monitor) and not state.history:
            self._progress.no_monitor(self._training.patience)
        best = None if state.best_epoch is None else state.history[state.best_epoch]["monitor"]
        if best is None or self._monitor.better(monitor, best):
            state.best_epoch = state.epoch
            state.best_weights = self._ranker.get_weights()
        state.history.append(record)
        state.epoch, state.step, state.loss_sums = state.epoch + 1, 0, {}
        self._progress.epoch(record, losses)
        self._save()

    def _save(self) -> None:
        self._checkpoints.save(self._state)
        self._steps.saved_at = time.monotonic()
