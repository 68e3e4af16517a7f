"""The loss of a batch, term by term."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from models.losses.predictions import Supervision


@dataclasses.dataclass(frozen=True)
class LossTerms:
    """What the loss of this replica's rows is summed from.

    Attributes:
      supervised: prediction -> its cross-entropy times the row's weight, float32 [B].
      supervisions: prediction -> what it learns.
      output_weights: output -> `training.loss_weights`; 1 for those not named.
      balance: output -> the gradient rule's factor in this step; 1 for those not named.
      others: further losses of rows by name, float32 [B]: of labels without their parents, and
        those that the architecture adds.
      penalty: this replica's share of the penalties, a scalar.
    """

    supervised: Mapping[str, tf.Tensor]
    supervisions: Mapping[str, Supervision]
    output_weights: Mapping[str, float]
    balance: Mapping[str, tf.Tensor]
    others: Mapping[str, tf.Tensor]
    penalty: tf.Tensor

    def total(self, rows: tf.Tensor, chosen: tf.Tensor | None = None) -> tf.Tensor:
        """Returns this replica's share of the loss.

        Args:
          rows: float32, the rows of the global batch.
          chosen: the rows that count, bool [B]; None for all. Penalties count in any case.
        """
        found = self.penalty
        for name, losses in self.supervised.items():
            output = self.supervisions[name].output
            factor = self.balance.get(output, 1.0) * self._weight(name, True)
            found += factor * tf.reduce_sum(_of(losses, chosen)) / rows
        for losses in self.others.values():
            found += tf.reduce_sum(_of(losses, chosen)) / rows
        return found

    def of_output(
        self, output: str, rows: tf.Tensor, weighted: bool, chosen: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Returns this replica's share of an output's loss, without the balance's factor.

        Args:
          output: an output that a prediction learns.
          rows: float32, the rows of the global batch.
          weighted: whether `training.loss_weights` count.
          chosen: see `total`.
        """
        own = [name for name in self.supervised if self.supervisions[name].output == output]
        losses = [self._weight(name, weighted) * self.supervised[name] for name in own]
        return tf.reduce_sum(_of(tf.add_n(losses), chosen)) / rows

    def of_predictions(self, weighted: bool, chosen: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the sum of the predictions' losses of every row, float32 [B]; 0 of the others."""
        losses = [self._weight(name, weighted) * x for name, x in self.supervised.items()]
        return _of(tf.add_n(losses), chosen)

    def reported(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the shares of the loss (`loss`), the penalty, and every term (`{name}_loss`)."""
        terms = {**self.supervised, **self.others}
        shares = {f"{name}_loss": tf.reduce_sum(x) / rows for name, x in terms.items()}
        return {"loss": self.total(rows), "penalty": self.penalty, **shares}

    def _weight(self, name: str, weighted: bool) -> float:
        supervision = self.supervisions[name]
        outputs = self.output_weights.get(supervision.output, 1.0) if weighted else 1.0
        return supervision.weight * outputs


def _of(losses: tf.Tensor, chosen: tf.Tensor | None) -> tf.Tensor:
    return losses if chosen is None else tf.where(chosen, losses, 0.0)
