"""A training step in which the architecture knows the labels while it predicts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

import tensorflow as tf

from models.features.inputs import target_key, weight_key
from models.steps.train_step import Batch, StepGradients, TrainStep


class Labels(NamedTuple):
    """The labels of a step's rows, in the order of `Architecture.labels`.

    Attributes:
      targets: y, float32 [B, C].
      weights: of the rows in the label's own space, 0 where it is not known, times the weight
        that `training.loss_weights` gives the output, float32 [B, C].
    """

    targets: tf.Tensor
    weights: tf.Tensor

    def slopes(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns the derivative of a row's loss in its logits: ``w (sigmoid(l) - y)``, [B, C].

        Args:
          logits: l, float32 [B, C].
        """
        return self.weights * self._residuals(logits)

    def unweighted_slopes(self, logits: tf.Tensor) -> tf.Tensor:
        """Returns ``sigmoid(l) - y`` where the label is known (w > 0) and 0 elsewhere, [B, C].

        Args:
          logits: l, float32 [B, C].
        """
        return tf.cast(self.weights > 0, tf.float32) * self._residuals(logits)

    def _residuals(self, logits: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(logits) - self.targets


# Replicas that run in threads of their own have one each.
_LABELS: ContextVar[Labels | None] = ContextVar("labels_of_this_step", default=None)


@contextlib.contextmanager
def known_labels(labels: Labels) -> Iterator[None]:
    """The step's labels are known to what is called inside."""
    token = _LABELS.set(labels)
    try:
        yield
    finally:
        _LABELS.reset(token)


def labels_of_step() -> Labels | None:
    """Returns the labels of the step that is being taken; None outside of steps."""
    return _LABELS.get()


class LabelledStep(TrainStep):
    """A step that takes the gradients with the labels known."""

    def gradients(self, batch: Batch, rows: tf.Tensor) -> StepGradients:
        """Returns this replica's shares; see `TrainStep.gradients`."""
        outputs = self.ranker.architecture.labels
        factors = self.ranker.training_config.loss_weights
        weights = [factors.get(name, 1.0) * batch[weight_key(name)] for name in outputs]
        targets = [batch[target_key(name)] for name in outputs]
        with known_labels(Labels(tf.stack(targets, axis=1), tf.stack(weights, axis=1))):
            return super().gradients(batch, rows)
