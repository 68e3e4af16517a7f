"""The encoder of a representation."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.scenario_batch_norm import ScenarioBatchNorm
from models.layers.stacked_dense import StackedDense
from models.zoo.multi_scenario.causalint.config import Normalisation
from models.zoo.multi_scenario.causalint.layer_norm import LayerNorm

SLOPE = 0.2
"""Of every leaky ReLU below zero."""


class Encoder(keras.layers.Layer):
    """A perceptron whose last layer is linear: [B, in] -> [B, units[-1]], in the inputs' dtype.

        h^l = dropout(leaky(norm(W^l h^{l-1} + b^l))),  z = norm(W^L h^{L-1} + b^L)

    What reads z applies the leaky ReLU itself. A public implementation of CausalInt applies one
    to the raw embeddings as well, which loses the sign of what nothing has transformed yet.

    Without `training`, no row depends on another: nothing is dropped, and a norm over the batch
    has its moving moments.

    Args:
      units: widths of the layers.
      normalisation: see `CausalIntConfig`.
      dropout: fraction dropped after every hidden layer, in training.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self,
        units: tuple[int, ...],
        normalisation: Normalisation,
        dropout: float,
        kernel_l2: float,
        name: str,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._dense = [
            StackedDense((), width, None, kernel_l2, f"dense_{layer}")
            for layer, width in enumerate(units)
        ]
        self._norms: list[keras.layers.Layer] = []
        self._over_batch = normalisation == "batch"
        for layer in range(len(units)):
            if normalisation == "layer":
                self._norms.append(LayerNorm(f"norm_{layer}"))
            elif normalisation == "batch":
                # One scenario of all rows, which counts those of all replicas.
                alike = ScenarioBatchNorm(1, memory_rows=0, own=False, name=f"norm_{layer}")
                self._norms.append(alike)
        self._dropouts = [keras.layers.Dropout(dropout) for _ in units[1:]]

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns z."""
        hidden = self._layer(0, inputs, training)
        for layer, drop in enumerate(self._dropouts, start=1):
            hidden = drop(tf.nn.leaky_relu(hidden, SLOPE), training=training)
            hidden = self._layer(layer, hidden, training)
        return hidden

    def _layer(self, layer: int, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        linear = self._dense[layer](inputs)
        if not self._norms:
            return linear
        if not self._over_batch:
            return self._norms[layer](linear)
        everyone = tf.zeros([tf.shape(linear)[0]], tf.int32)
        return self._norms[layer](linear, everyone, training=training)
