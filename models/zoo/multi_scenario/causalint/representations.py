"""The invariant and the scenario representation, and what holds them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense
from models.zoo.multi_scenario.causalint.config import CausalIntConfig
from models.zoo.multi_scenario.causalint.encoder import Encoder
from models.zoo.multi_scenario.causalint.orthogonality import input_gradients, squared_cosines


class Representations(keras.layers.Layer):
    """Invariant Representation Modelling, CausalInt's first module.

        z_inv = E_inv(x),  z_sce = E_sce(x)
        logits of L1 = W_g z_inv + b_g,  of L2 = W_s z_sce + b_s,  of L3 = W_c [z_inv; z_sce] + b_c

    Args:
      config: of the model.
      scenarios: K; with one there are no scenarios to tell apart.
      labels: M.
      read: 1 for the columns of x that E_inv reads, 0 for the others, [d]; None for all.
    """

    def __init__(
        self, config: CausalIntConfig, scenarios: int, labels: int, read: np.ndarray | None
    ) -> None:
        super().__init__(name="representations", autocast=False)
        self._scenarios = scenarios
        self._columns = read
        l2 = config.kernel_l2
        self._invariant, self._aware = (
            Encoder(config.encoder_units, config.normalisation, config.dropout, l2, name)
            for name in ("invariant", "scenario_aware")
        )

        def classifier(classes: int, name: str) -> StackedDense:
            # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
            return StackedDense((), classes, None, l2, name, "float32")

        self._of_invariant = classifier(labels, "invariant_classifier")
        self._of_both = classifier(labels, "combined_classifier")
        self._of_aware = classifier(scenarios, "scenario_classifier") if scenarios > 1 else None

    @property
    def label_kernel(self) -> tf.Tensor:
        """W_g, float32 [h, M]; known once `labels_of_invariant` was called."""
        return self._of_invariant.kernels()

    def invariant(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns z_inv of x [B, d], compute dtype [B, h]."""
        if self._columns is not None:
            inputs *= tf.cast(self._columns, inputs.dtype)
        return self._invariant(inputs, training=training)

    def aware(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns z_sce of x [B, d], compute dtype [B, h]."""
        return self._aware(inputs, training=training)

    def labels_of_invariant(self, invariant: tf.Tensor) -> tf.Tensor:
        """Returns the labels' logits without where they start from, float32 [B, M]."""
        return self._of_invariant(invariant)

    def labels_of_both(self, invariant: tf.Tensor, aware: tf.Tensor) -> tf.Tensor:
        """Returns the labels' logits without where they start from, float32 [B, M]."""
        return self._of_both(tf.concat([invariant, aware], axis=1))

    def scenarios_of_aware(self, aware: tf.Tensor) -> tf.Tensor:
        """Returns the scenarios' logits, float32 [B, K]; 0 where there is one."""
        if self._of_aware is None:
            return tf.zeros([tf.shape(aware)[0], 1])
        return self._of_aware(aware)

    def squared_cosines(
        self,
        inputs: tf.Tensor,
        start: tf.Tensor,
        scenario: tf.Tensor,
        label_slopes: Callable[[tf.Tensor], tf.Tensor],
    ) -> tf.Tensor:
        """Returns ``<g1 / |g1|, g2 / |g2|>^2``, of the gradients of L1 and L2 in x: float32 [B].

        They are those of the network as it scores, so that no row has a part in another's.

        Args:
          inputs: x, [B, d].
          start: what the logits of L1 start from, float32 [B, M].
          scenario: int [B].
          label_slopes: derivative of L1 in its logits, [B, M] -> [B, M].
        """
        own = tf.one_hot(scenario, self._scenarios)
        first = input_gradients(
            lambda x: self._of_invariant(self.invariant(x)) + start, inputs, label_slopes
        )
        second = input_gradients(
            lambda x: self.scenarios_of_aware(self.aware(x)),
            inputs,
            lambda logits: softmax(logits) - own,
        )
        return squared_cosines(first, second)
