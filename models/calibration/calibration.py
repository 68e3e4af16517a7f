"""The calibration of a model's outputs, as a part of its graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

from schemas.task_graph import TaskGraph

Curves = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Log-odds float32 [B] and scenarios int [B] -> calibrated log-odds [B]."""


class Calibration:
    """Maps the log-odds of every output by the curve of the row's scenario.

    Every output is calibrated on its own target, so that ``P(a) P(b | a)`` need not be the
    calibrated ``P(a, b)`` any more. What must hold between outputs is seen to after the curves:
    P(a, b) is at most P(a), and the total of a label that does not need its parents is at least
    the probability of the label together with them.

    It holds constants, no variables: nothing of it is trained, saved in checkpoints or counted
    as a parameter.

    Args:
      tasks: the labels and their outputs.
      curves: output -> its curves; an output without stays as it is.
    """

    def __init__(self, tasks: TaskGraph, curves: Mapping[str, Curves]) -> None:
        self._tasks = tasks
        self._curves = dict(curves)

    def __call__(
        self, log_odds: Mapping[str, tf.Tensor], scenario: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Returns the calibrated log-odds, float32 [B] each.

        Args:
          log_odds: of every output of the task graph, float32 [B].
          scenario: of the rows, int [B].
        """
        found = {
            name: self._curves[name](values, scenario) if name in self._curves else values
            for name, values in log_odds.items()
        }
        for label in self._tasks.labels:
            if label.parent is None:
                continue
            joint = self._tasks.joint(label.name).name
            found[joint] = tf.minimum(found[joint], found[self._tasks.joint(label.parent).name])
            if not label.constrained:
                total = self._tasks.total(label.name).name
                found[total] = tf.maximum(found[total], found[joint])
        return found
