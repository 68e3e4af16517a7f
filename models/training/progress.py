"""What a training says while it goes on: lines on the terminal, scalars for TensorBoard."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf

from common.names import VALIDATION
from models.metrics.names import AUC, TITLES
from models.training.checkpointing.state import TrainingState
from models.training.monitor import Monitor
from models.training.scenario_groups import BY_SCENARIO, GROUP_METRICS
from models.training.validation import Metrics

_LOG = logging.getLogger("polyrank.progress")
_SECONDS = 1


class Progress:
    """Says how far a training is, about once a second.

    Args:
      log_dir: folder for TensorBoard's events.
      epochs: the training's, at most.
      steps: an epoch's.
      outputs: whose AUC a line shows.
      monitor: whose value it shows.
    """

    def __init__(
        self, log_dir: str, epochs: int, steps: int, outputs: Iterable[str], monitor: Monitor
    ) -> None:
        self.writer = tf.summary.create_file_writer(log_dir)
        self._epochs, self._steps = epochs, steps
        self._outputs, self._monitor = tuple(outputs), monitor
        self._spoke_at = 0.0

    def due(self, now: float) -> bool:
        """Whether it is time for a line."""
        return now - self._spoke_at >= _SECONDS

    def resumed(self, state: TrainingState) -> None:
        """Says where a training that was stopped goes on."""
        _LOG.warning(
            "a training that was stopped goes on at epoch %d/%d, step %d/%d",
            state.epoch + 1,
            self._epochs,
            state.step + 1,
            self._steps,
        )

    def diverged(self, words: str, best_epoch: int) -> None:
        """Says that a training ends with an earlier epoch's weights, and why."""
        _LOG.warning(
            "the training has diverged %s; it ends with the weights of epoch %d",
            words,
            best_epoch + 1,
        )

    def no_monitor(self, patience: int) -> None:
        """Says that nothing decides on the better epoch, and what comes of it."""
        _LOG.warning(
            "the %s is undefined: no label that is learned has validation rows of both classes, so "
            "no epoch can be better than another. Training stops early, after %d more, and keeps "
            "the first epoch's weights. Take more days or a larger split.validation_fraction",
            self._monitor.title,
            patience,
        )

    def step(self, state: TrainingState, rows_per_second: float) -> None:
        """Says the position, the mean loss of the epoch, and the last validation."""
        loss = state.loss_sums["loss"] / state.step
        words = [
            f"epoch {state.epoch + 1}/{self._epochs}",
            f"step {state.step}/{self._steps}",
            f"loss {loss:.4f}",
        ]
        if not math.isnan(rows_per_second):
            words.append(f"{rows_per_second:,.0f} rows/s")
        if state.history:
            last = state.history[-1]
            metrics: Metrics = last[VALIDATION]
            words += [f"{name} {TITLES[AUC]} {metrics[name][AUC]:.4f}" for name in self._outputs]
            words.append(f"{self._monitor.title} {last['monitor']:.4f}")
        _LOG.info("  ".join(words))
        self._spoke_at = time.monotonic()
        tf.summary.scalar("train/loss", loss, step=state.epoch * self._steps + state.step)

    def epoch(self, record: Mapping[str, Any], losses: Iterable[str]) -> None:
        """Writes the scalars of a finished epoch.

        Args:
          record: the history's.
          losses: the names of the losses in it.
        """
        scalars = {f"epoch/{name}": record[name] for name in losses}
        scalars[f"{VALIDATION}/monitor"] = record["monitor"]
        for output, values in record[VALIDATION].items():
            scalars |= {f"{VALIDATION}/{output}/{name}": x for name, x in values.items()}
        for output, groups in record[BY_SCENARIO].items():
            for group in groups:
                # The last one may be of many scenarios.
                place = f"{VALIDATION}/{output}/{'+'.join(group['scenarios'])}"
                scalars |= {f"{place}/{name}": group[name] for name in GROUP_METRICS}
        for name, load in record.get("expert_load", {}).items():
            scalars[f"experts/load/{name}"] = load
        for name, entropy in record.get("gate_entropy", {}).items():
            scalars[f"experts/entropy/{name}"] = entropy
        for tag, value in scalars.items():
            tf.summary.scalar(tag, value, step=(record["epoch"] + 1) * self._steps)
        self.writer.flush()
