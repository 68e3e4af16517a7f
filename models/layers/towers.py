"""Task towers, shared by the scenarios or one a scenario."""

from __future__ import annotations

import tensorflow as tf
import tf_keras as keras

from models.layers.own_scenario import check_knows_scenarios, own_scenario
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP


class Towers(keras.layers.Layer):
    """A perceptron and a last linear layer for every label: representations -> logits.

    With one tower a (scenario, label) all are computed and the row's own scenario is
    selected: a row gives the towers of other scenarios zero gradient, and row order never
    changes.

    Args:
      labels: C.
      units: widths of the hidden layers.
      scenarios: K for a tower a (scenario, label), or None for a tower a label.
      dropout: fraction dropped after every hidden layer, in training.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: of the scenarios' towers, see `StackedDense`.
    """

    def __init__(
        self,
        labels: int,
        units: tuple[int, ...],
        scenarios: int | None = None,
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str = "towers",
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._scenarios = scenarios
        # Labels have nothing to pool: they are different questions.
        pooled = None if scenarios is None else deviation_l2
        stack = (labels,) if scenarios is None else (scenarios, labels)
        self._hidden = StackedMLP(stack, units, dropout, kernel_l2, "hidden", pooled)
        # Half precision would round a logit of 6.5 to 6.50 +- 0.03.
        self._last = StackedDense(stack, 1, None, kernel_l2, "last", "float32", deviation_l2=pooled)

    def call(
        self,
        inputs: tf.Tensor,
        scenario: tf.Tensor | None,
        training: bool = False,
        all_scenarios: bool = False,
    ) -> tf.Tensor:
        """Returns float32 logits [B, C], or those of every scenario's towers, [K, B, C].

        Args:
          inputs: [B, in], or [C, B, in] where every label reads its own; with `all_scenarios`
            [K, C, B, in] or [K, 1, B, in] too, where every scenario reads its own.
          scenario: int [B]; not read with `all_scenarios`.
          training: whether units are dropped.
          all_scenarios: whether the towers of all scenarios answer for every row, and not
            those of its own only.

        Raises:
          ValueError: `all_scenarios` of towers that know no scenarios.
        """
        if all_scenarios:
            check_knows_scenarios(self, self._scenarios is not None)
        hidden = inputs if inputs.shape.rank > 2 else inputs[tf.newaxis]
        if self._scenarios is not None and hidden.shape.rank == 3:
            hidden = hidden[tf.newaxis]
        logits = tf.squeeze(self._last(self._hidden(hidden, training=training)), -1)
        if all_scenarios:
            return tf.transpose(logits, [0, 2, 1])
        if self._scenarios is None:
            return tf.transpose(logits)
        return own_scenario(tf.transpose(logits, [2, 0, 1]), scenario)
