"""What the fields of every scenario look like: where they lie and how far they spread."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf
import tf_keras as keras

from models.layers.once_a_step import first_call_of_step
from models.layers.scenario_sums import scenario_sums

# How much of a scenario's variance is that over all scenarios. A field may have one value in a
# scenario (its id has), and any other would be infinitely far away.
_POOLED = 0.1
_TINY = 1e-6


class Prototypes(NamedTuple):
    """Where rows of every scenario lie.

    Attributes:
      means: float32 [K, width].
      deviations: standard deviations, above 0, float32 [K, width].
    """

    means: tf.Tensor
    deviations: tf.Tensor


class ScenarioPrototypes(keras.layers.Layer):
    """Moving moments of rows by scenario, float32, not trained.

    ``x_t <- m x_t + (1 - m) mean of the batch's rows of t``, for the rows and their squares and
    for the scenarios that the batch has; the others keep theirs. All begin as 0, and so does
    `seen`, the same average of ones, by which they are divided: a scenario's first rows count
    fully. A variance is one tenth that over all scenarios, which count alike; a scenario not seen
    yet has the moments of all, and before there are any, 0 and 1. The averages move once a step,
    by the layer's first call in it.

    The rows of all replicas count alike, so that these keep one average; where the step is
    compiled with XLA (see `scenario_sums`), the replicas' mean is what is saved.

    Args:
      scenarios: K.
      width: columns of a row.
      momentum: m.
    """

    def __init__(
        self, scenarios: int, width: int, momentum: float, name: str = "prototypes"
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._scenarios = scenarios
        self._width = width
        self._momentum = momentum

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the averages."""
        self.means = self._average("means", self._width)
        self.squares = self._average("squares", self._width)
        self.seen = self._average("seen", 1)
        super().build(input_shape)

    def _average(self, name: str, width: int) -> tf.Variable:
        return self.add_weight(
            name,
            (self._scenarios, width),
            initializer="zeros",
            trainable=False,
            synchronization=tf.VariableSynchronization.ON_READ,
            aggregation=tf.VariableAggregation.MEAN,
        )

    def call(self, rows: tf.Tensor, own: tf.Tensor, training: bool = False) -> Prototypes:
        """Returns the moments before these rows; in training, adds them.

        Args:
          rows: [B, width].
          own: the rows' one-hot scenarios, [B, K].
          training: whether the rows count.
        """
        variables = (self.means, self.squares, self.seen)
        before = [tf.identity(variable) for variable in variables]
        if training and first_call_of_step(self):
            rows = tf.stop_gradient(tf.cast(rows, tf.float32))
            sums, counts = scenario_sums([rows, tf.square(rows)], own)
            for variable, old, total in zip(variables, before, [*sums, counts], strict=True):
                moved = old + (1 - self._momentum) * (total / tf.maximum(counts, 1.0) - old)
                variable.assign(tf.where(counts > 0, moved, old))
        return _moments(*before)


def _moments(means: tf.Tensor, squares: tf.Tensor, seen: tf.Tensor) -> Prototypes:
    known = tf.cast(seen > 0, tf.float32)
    means, squares = (tf.math.divide_no_nan(x, seen) for x in (means, squares))
    count = tf.reduce_sum(known)

    def over_all(values: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(known * values, axis=0) / tf.maximum(count, 1.0)

    center = over_all(means)
    spread = tf.where(count > 0, tf.nn.relu(over_all(squares) - tf.square(center)), 1.0)
    own = tf.nn.relu(squares - tf.square(means))
    variance = known * ((1 - _POOLED) * own + _POOLED * spread) + (1 - known) * spread
    means = known * means + (1 - known) * center
    return Prototypes(tf.stop_gradient(means), tf.stop_gradient(tf.sqrt(variance + _TINY)))
