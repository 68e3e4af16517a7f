"""The interface of a gradient rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import tensorflow as tf
import tf_keras as keras


class GradientRule(keras.layers.Layer):
    """Reads the gradients that parts of the loss send to variables that they share.

    A part is the loss of an output, summed over its predictions, or of a scenario's rows, summed
    over all of them; auxiliary losses and penalties are in none. A rule may weigh the outputs'
    losses (`loss_weights`) or change the gradients of the shared variables (`step`). Its variables
    are no part of the network: every replica computes the same, from sums over the global batch.

    Args:
      parts: the names of the parts, in order.
      variables: returns the shared variables. A function, because a variable would count as one
        of this layer's own.
      per: what a part is.

    Attributes:
      weighted: whether `training.loss_weights` are in the parts.
    """

    weighted = True

    def __init__(
        self,
        parts: Sequence[str],
        variables: Callable[[], Sequence[tf.Variable]],
        per: Literal["output", "scenario"] = "output",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype="float32", autocast=False)
        self.parts = tuple(parts)
        self.per = per
        self._variables_of = variables

    @property
    def shared(self) -> tuple[tf.Variable, ...]:
        """The shared variables."""
        return tuple(self._variables_of())

    def loss_weights(self) -> Mapping[str, tf.Tensor]:
        """Returns the factor of every output's loss in this step; 1 for those not named."""
        return {}

    def epoch_logs(self) -> dict[str, Any]:
        """Plain values for the history's record of every epoch."""
        return {}

    def step(self, losses: tf.Tensor, gradients: list[tf.Tensor]) -> list[tf.Tensor] | None:
        """Takes the step of the rule; called once a step, in a replica.

        Args:
          losses: of the parts in the global batch, float32 [n].
          gradients: of the parts in every shared variable, float32 [n, *shape] each.

        Returns:
          What the sum of the parts' gradients is replaced by in every shared variable; None
          where it stays.
        """
        raise NotImplementedError
