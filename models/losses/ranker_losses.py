"""The losses of a ranker's rows, made of a batch and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import tensorflow as tf

from models.feature_struct import Features
from models.features.inputs import target_key, weight_key
from models.losses.loss_terms import LossTerms
from models.losses.predictions import PredictionLosses, check_one_a_row, check_predictions
from models.losses.unclicked import Branch, unclicked_losses
from schemas.task_graph import TaskGraph

if TYPE_CHECKING:
    from models.architecture import Architecture


class RankerLosses:
    """Makes `LossTerms`: the predictions' losses, the branches', and the architecture's own.

    Args:
      architecture: which predictions have a loss, and further losses.
      tasks: the labels and their outputs.
      branches: the labels without their parents that have towers of the ranker.
      output_weights: output -> weight of its loss; 1 for those not named.
    """

    def __init__(
        self,
        architecture: Architecture,
        tasks: TaskGraph,
        branches: Sequence[Branch],
        output_weights: Mapping[str, float],
    ) -> None:
        self._architecture = architecture
        self._tasks = tasks
        self._branches = tuple(branches)
        self._output_weights = output_weights
        self._supervised = architecture.supervised
        self._of_predictions = PredictionLosses(self._supervised)

    def make_weights(self, features: Features, predictions: Mapping[str, tf.Tensor]) -> None:
        """Calls what only the losses read, so that no weight is made after the optimizers.

        Args:
          features: one embedded row.
          predictions: those of the row.

        Raises:
          ValueError: the architecture does not return what it says has a loss, two losses
            have one name, or one is not a number of each row.
        """
        check_predictions(self._supervised, predictions, self._tasks)
        zeros = {output.name: tf.zeros([1]) for output in self._tasks.outputs}
        losses = self._architecture.losses(features, predictions, zeros, zeros, False)
        check_one_a_row("loss", losses)
        twice = [name for name in losses if name in predictions]
        if twice:
            raise ValueError(f"the losses {', '.join(twice)} have the names of predictions")

    def terms(
        self,
        batch: Mapping[str, tf.Tensor],
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        training: bool,
        balance: Mapping[str, tf.Tensor],
        penalty: Callable[[], tf.Tensor],
    ) -> LossTerms:
        """Returns what the loss of this replica's rows is summed from.

        Args:
          batch: targets and weights of the rows.
          features: the rows, embedded.
          predictions: log-odds by name, float32 [B], and what else the architecture returned.
          training: whether this is a step of the training, not a validation.
          balance: output -> the gradient rule's factor in this step; 1 for those not named.
          penalty: returns this replica's share of the penalties, a scalar; called last, since
            what the architecture's own losses call may add to it.
        """
        names = [output.name for output in self._tasks.outputs]
        targets, weights = (
            {name: batch[key(name)] for name in names} for key in (target_key, weight_key)
        )
        own = self._architecture.losses(features, predictions, targets, weights, training)
        return LossTerms(
            self._of_predictions(batch, predictions),
            self._supervised,
            self._output_weights,
            balance,
            unclicked_losses(self._tasks, self._branches, batch, predictions) | own,
            penalty(),
        )
