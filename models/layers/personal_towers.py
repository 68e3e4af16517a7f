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

    def gates(
        self, gate_inputs: tf.Tensor, scenario: tf.Tensor | None, all_scenarios: bool = False
    ) -> list[tf.Tensor]:
        """Returns the factors of each layer's input, [C, B, in] a layer.

        Those of every scenario, [K, C, B, in], with `all_scenarios` where they differ.

        Args:
          gate_inputs: [C, B, g], or [1, B, g] where all branches read the same; see `call`.
          scenario: int [B].
          all_scenarios: see `call`.
        """
        factors = [gate(gate_inputs) for gate in self._gates]
        if self._private_gates and not all_scenarios:
            return [own_of_stack(factor, scenario) for factor in factors]
        return factors

    def call(
        self,
        inputs: tf.Tensor,
        gate_inputs: tf.Tensor,
        scenario: tf.Tensor | None,
        training: bool = False,
        all_scenarios: bool = False,
    ) -> tf.Tensor:
        """Returns float32 logits [B, C], or those of every scenario's towers, [K, B, C].

        Args:
          inputs: [C, B, width]; with `all_scenarios` [K, C, B, width] too, where every scenario
            reads its own.
          gate_inputs: [C, B, g], or [1, B, g] where all branches read the same; with
            `all_scenarios` [K, C, B, g] or [K, 1, B, g] too.
          scenario: int [B]; not read with `all_scenarios`.
          training: whether units are dropped.
          all_scenarios: whether the towers of all scenarios answer for every row, and not
            those of its own only.
        """
        *factors, last = self.gates(gate_inputs, scenario, all_scenarios)
        hidden = inputs
        layers = zip(self._hidden, self._dropouts, factors, strict=True)
        for dense, drop, factor in layers:
            outputs = dense(factor * hidden)
            hidden = outputs if all_scenarios else own_of_stack(outputs, scenario)
            hidden = drop(hidden, training=training)
        logits = self._last(tf.cast(last * hidden, tf.float32))
        if all_scenarios:
            return tf.transpose(tf.squeeze(logits, -1), [0, 2, 1])
        return tf.transpose(tf.squeeze(own_of_stack(logits, scenario), -1))
