"""Towers whose every layer reads its input through a personalised gate."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.gate_nu import GateNU
from models.layers.own_scenario import own_of_stack
from models.layers.stacked_dense import StackedDense


class PersonalTowers(keras.layers.Layer):
    """A tower a (scenario, branch) with a gate before each layer: -> logits float32 [B, C].

    AEM2TL's personalised gating, by PEPNet's: layer l of branch c reads its input through
    the factors of a gate neural unit of its own,

        H^{l+1} = relu((delta^l * H^l) W^l + b^l),  delta^l = GateNU^l(gate input)

    the last layer being linear, of one unit. After every layer the row's own scenario is
    selected, so that the next product is one over K x C of the same input.

    Args:
      branches: C, towers of a scenario.
      scenarios: K.
      width: of what the towers read.
      units: widths of the hidden layers.
      gate_units: hidden width of a gate neural unit.
      private_gates: whether the gates too are private to a scenario.
      dropout: fraction dropped after every hidden layer, in training.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: of the scenarios' towers and private gates, see `StackedDense`.
    """

    def __init__(
        self,
        branches: int,
        scenarios: int,
        width: int,
        units: tuple[int, ...],
        gate_units: int,
        private_gates: bool = False,
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str = "towers",
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._private_gates = private_gates
        stack = (scenarios, branches)
        gate_stack = stack if private_gates else (branches,)
        self._gates = [
            GateNU(
                gate_stack,
                gate_units,
                inputs,
                kernel_l2,
                name=f"gate_{layer}",
                deviation_l2=deviation_l2 if private_gates else None,
            )
            for layer, inputs in enumerate((width, *units))
        ]
        self._hidden = [
            StackedDense(
                stack, outputs, "relu", kernel_l2, f"dense_{layer}", deviation_l2=deviation_l2
            )
            for layer, outputs in enumerate(units)
        ]
        self._dropouts = [keras.layers.Dropout(dropout) for _ in units]
        # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
        self._last = StackedDense(
            stack, 1, None, kernel_l2, "last", "float32", deviation_l2=deviation_l2
        )

    def gates(self, gate_inputs: tf.Tensor, scenario: tf.Tensor) -> list[tf.Tensor]:
        """Returns the factors of each layer's input, [C, B, in] a layer.

        Args:
          gate_inputs: [C, B, g], or [1, B, g] where all branches read the same.
          scenario: int [B].
        """
        factors = [gate(gate_inputs) for gate in self._gates]
        if self._private_gates:
            return [own_of_stack(factor, scenario) for factor in factors]
        return factors

    def call(
        self,
        inputs: tf.Tensor,
        gate_inputs: tf.Tensor,
        scenario: tf.Tensor,
        training: bool = False,
    ) -> tf.Tensor:
        """Returns float32 logits [B, C].

        Args:
          inputs: [C, B, width].
          gate_inputs: see `gates`.
          scenario: int [B].
          training: whether units are dropped.
        """
        *factors, last = self.gates(gate_inputs, scenario)
        hidden = inputs
        layers = zip(self._hidden, self._dropouts, factors, strict=True)
        for dense, drop, factor in layers:
            hidden = own_of_stack(dense(factor * hidden), scenario)
            hidden = drop(hidden, training=training)
        logits = own_of_stack(self._last(tf.cast(last * hidden, tf.float32)), scenario)
        return tf.transpose(tf.squeeze(logits, -1))
