"""The scenario-aware attention of HiNet."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.own_scenario import own_values
from models.layers.scenario_embedding import ScenarioEmbedding
from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense


class ScenarioAttention(keras.layers.Layer):
    """Weighs the other scenarios by a row's scenario alone: int [B] -> float32 [B, K].

    With d_k a learned vector of scenario k and MLP a perceptron whose last layer is linear,

        a_k = softmax_{j != k}(MLP(d_k)_j)

    The own scenario is left out before the softmax, so that the others' weights sum to 1. Of two
    scenarios the other has the weight 1, and nothing is learned.

    Args:
      scenarios: K, at least 2.
      width: of d.
      stddev: of the first values of d.
      units: widths of the hidden layers.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self,
        scenarios: int,
        width: int,
        stddev: float,
        units: tuple[int, ...],
        kernel_l2: float = 0.0,
        name: str = "scenario_attention",
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self._scenarios = scenarios
        self._dense: list[StackedDense] = []
        if scenarios > 2:
            self._embedding = ScenarioEmbedding(scenarios, width, stddev)
            hidden = ((size, "relu") for size in units)
            layers: list[tuple[int, str | None]] = [*hidden, (scenarios, None)]
            self._dense = [
                StackedDense((), size, activation, kernel_l2, f"dense_{at}", "float32")
                for at, (size, activation) in enumerate(layers)
            ]

    def weights_by_scenario(self) -> tf.Tensor:
        """Returns a of every scenario, float32 [K, K]; the diagonal is 0."""
        own = tf.eye(self._scenarios)
        if not self._dense:
            return 1 - own
        hidden = self._embedding(tf.range(self._scenarios))
        for dense in self._dense:
            hidden = dense(hidden)
        return softmax(hidden, mask=own == 0)

    def call(self, scenario: tf.Tensor) -> tf.Tensor:
        """Returns a of every row."""
        return own_values(self.weights_by_scenario(), scenario)
