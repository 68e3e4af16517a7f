"""The towers of labels without their parents, the same for all architectures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.towers import Towers

_UNITS = (32,)


class UnclickedTowers(keras.layers.Layer):
    """P(label | its parent does not hold), one small tower a label: Features -> float32 [B, U].

    The log-odds are ``t_u(sg(x)) + b_su``, x being all fields and numbers side by side and s the
    row's scenario. It reads the embeddings and sends no gradient to them (sg): such labels
    are rare, their rows are nearly all rows, and what they taught the embeddings would come
    out of the other outputs. These are therefore the same with these towers and without.

    Args:
      biases: b at the start, of every label, length U.
      layout: the scenarios.
      kernel_l2: weight of the squared norm of the kernels.
    """

    def __init__(
        self,
        biases: Sequence[float],
        layout: InputLayout,
        kernel_l2: float = 0.0,
        name: str = "unclicked",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._biases = np.tile(np.asarray(biases, np.float32), (len(layout.scenarios), 1))
        self._towers = Towers(len(biases), _UNITS, kernel_l2=kernel_l2, name="branches")

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the biases of every scenario."""
        self.bias = self.add_weight(
            "bias",
            self._biases.shape,
            "float32",
            keras.initializers.Constant(self._biases),
            experimental_autocast=False,
        )
        super().build(input_shape)

    def call(self, features: Features) -> tf.Tensor:
        """Returns the log-odds."""
        logits = self._towers(tf.stop_gradient(features.flat()), scenario=features.scenario)
        return logits + tf.gather(self.bias, features.scenario)
