"""A level of experts from which rows select."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP
from models.zoo.multi_scenario.aesm2.config import AESM2Config
from models.zoo.multi_scenario.aesm2.expert_selection import Selection, selection


class SelectedExperts(keras.layers.Layer):
    """Experts, G gates that score them, and the mixture of those that are selected.

        Z_jn = w_jn u + c_jn            scores of gate j, see `selection`
        h'   = sum_n weights_n E_n(h)   E_n a perceptron

    All experts are computed for every row, with shapes that do not depend on what is selected; an
    expert that a row does not select has the weight 0 there, and learns nothing from it. The gates
    are float32: in half precision two experts would often be equally near.

    Args:
      gates: G.
      experts: N.
      units: widths of an expert's layers.
      config: the tops, the noise, dropout and the weight of the kernels' squared norm.
    """

    def __init__(
        self, gates: int, experts: int, units: tuple[int, ...], config: AESM2Config, name: str
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._tops = (config.top_specific, config.top_shared)
        self._gates = StackedDense(
            (gates,), experts, None, config.kernel_l2, "gates", dtype="float32"
        )
        self._experts = StackedMLP(
            (experts,), units, config.dropout, config.kernel_l2, name="experts"
        )
        self._noise = None
        if config.noise_scale and gates > 1:
            stddev = config.noise_scale * experts
            self._noise = keras.layers.GaussianNoise(stddev, dtype="float32")

    def call(
        self, inputs: tf.Tensor, gate_inputs: tf.Tensor, own: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, Selection]:
        """Returns what rows make of the experts, compute dtype [..., B, units[-1]], and which.

        Args:
          inputs: h, [..., B, in]; [B, in] where all that select read the same.
          gate_inputs: u, float32 [..., 1, B, width]; the leading axes are those that select.
          own: 1 for a row's own gate, else 0, float32, broadcasts to [..., G, B, 1].
          training: whether the selection has noise, and units are dropped.
        """
        scores = self._gates(gate_inputs)
        noisy = scores if self._noise is None else self._noise(scores, training=training)
        chosen = selection(scores, own, noisy, *self._tops)
        outputs = self._experts(tf.expand_dims(inputs, -3), training=training)
        weights = tf.cast(chosen.weights, outputs.dtype)
        return tf.einsum("...bn,...nbo->...bo", weights, outputs), chosen
