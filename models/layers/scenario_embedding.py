"""A learned vector of every scenario."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.own_scenario import own_values


class ScenarioEmbedding(keras.layers.Layer):
    """Looks up the vector of every row's scenario: int [B] -> float32 [B, width].

    It is there whether or not the scenario is a field of the layout, and counts as a part of the
    network: K rows, all of them seen in nearly every batch.

    Args:
      scenarios: K.
      width: of a vector.
      stddev: standard deviation of the initial values.
    """

    def __init__(
        self, scenarios: int, width: int, stddev: float, name: str = "scenario_embedding"
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self._shape = (scenarios, width)
        self._initializer = keras.initializers.RandomNormal(stddev=stddev)

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the vectors."""
        self.vectors = self.add_weight("vectors", self._shape, initializer=self._initializer)
        super().build(input_shape)

    def call(self, scenario: tf.Tensor) -> tf.Tensor:
        """Returns every row's vector."""
        return own_values(tf.identity(self.vectors), scenario)
