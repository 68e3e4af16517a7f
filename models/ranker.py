"""The model that is trained: it scores, and has the losses and optimizers of its training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from models.config import ModelConfig, TrainingConfig
from models.features.inputs import InputLayout
from models.layers.embedded_inputs import Batch
from models.layers.once_a_step import one_step
from models.losses.loss_terms import LossTerms
from models.losses.penalties import penalty_share
from models.losses.predictions import supervised_outputs
from models.losses.ranker_losses import RankerLosses
from models.losses.weights import check_loss_weights, weighed_labels
from models.precision import precision
from models.schedule import Phase
from models.scoring_model import ScoringModel
from models.steps.batch import global_rows, one_row
from models.steps.grouped_optimizers import GroupedOptimizers
from schemas.task_graph import TaskGraph


class Ranker(ScoringModel):
    """Scores every output of the task graph: ``ranker(batch) -> {output: float32 [B]}``.

    The loss of a step is, with B the rows of the global batch (all replicas, a partial last
    batch counted as it is) and y, w, p the target, row weight and probability,

        sum_q c_q v_o loss_weights[o] / B * sum_rows w_o BCE(y_o, p_q)
        + sum_u 1 / B * sum_rows w_u BCE(y_u, p_u)
        + 1 / B * sum_rows (`Architecture.losses`, and `add_loss` of a vector)
        + penalties on parameters (`add_loss` of a scalar, kernel regularisers)

    over the predictions q with a loss, each with the output o that it learns and its weight c
    (`Architecture.supervisions`: mostly the outputs themselves, with 1); v = 1 unless the
    architecture has a gradient rule that weighs losses. Cross-entropies are those of log-odds. u
    are the labels that do not need their parents (`after`), each on the rows without them
    (`unclicked_rows`): towers that read the embeddings and change nothing else. They are there
    for labels whose total the architecture does not return itself.

    Every replica computes its share of it, so that the shares' sum is the loss and the sum
    of gradients its gradient. The weights exist when the constructor returns; make it
    inside the strategy's scope. One seed gives one model: the constructor seeds Keras.

    Args:
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.
      model: the architecture's name and hyper-parameters.
      training: how it is trained.
      base_rates: the mean target, in its own space, of conditional outputs by name, and
        of labels without their parents (`conversion_without_click`). Its logit is the
        initial bias, so that a rare conversion starts calibrated.
      value_counts: how often every value of every field stands in the train split, int [size],
        or, with `counts_by_scenario`, in every scenario's rows, int [K, size]; wanted with
        `l2_per: value` only.

    Attributes:
      optimizers: what steps the variables.
      group_optimizers: those of the architecture's parameter groups, in their order; `optimizer`
        is that of all other variables. They are attributes since checkpoints hold those.

    Raises:
      SettingsError: `loss_weights` or `base_rates` name an output that has none, every loss
        weighs 0, a base rate is not inside (0, 1), or counts are wanted and missing.
    """

    def __init__(
        self,
        layout: InputLayout,
        tasks: TaskGraph,
        model: ModelConfig,
        training: TrainingConfig,
        base_rates: Mapping[str, float] | None = None,
        value_counts: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        super().__init__(layout, tasks, model, training, base_rates, value_counts)
        weights = training.loss_weights
        self._losses_of_rows = RankerLosses(self.architecture, tasks, self._unclicked, weights)
        with precision(training.precision):
            features = self.features(one_row(layout))
            self._losses_of_rows.make_weights(features, self.predictions(features))
        outputs = supervised_outputs(self.architecture.supervised.values())
        self.supervised_outputs = outputs
        check_loss_weights(weights, outputs)
        self.weighed_labels = weighed_labels(weights, outputs, tasks)
        self.gradient_rule = self.architecture.gradient_rule(outputs)
        groups = self.architecture.parameter_groups(training, self.tables)
        self.optimizers = GroupedOptimizers(training, groups)
        self.start_optimizers()
        self.training_step = self.architecture.train_step(self)

    def start_optimizers(self, learning_rate: float | None = None) -> None:
        """Makes fresh optimizers; see `GroupedOptimizers.start`."""
        with self.distribute_strategy.scope():
            self.optimizers.start(self.trainable_variables, learning_rate)
            self.compile(optimizer=self.optimizers.main)
        self.group_optimizers = self.optimizers.of_groups

    def start_phase(self, phase: Phase) -> None:
        """Switches to a phase of the schedule; see `Architecture.start_phase`."""
        self.architecture.start_phase(phase.name)
        self.training_step = self.architecture.train_step(self)
        self.make_train_function(force=True)

    def apply_gradients(self, gradients: Iterable[Any]) -> None:
        """Steps the optimizers; see `GroupedOptimizers.apply`.

        Args:
          gradients: of the trainable variables, this replica's share; None where there is none.
        """
        self.optimizers.apply(gradients, self.trainable_variables)

    def loss_terms(self, batch: Batch, training: bool, rows: tf.Tensor) -> LossTerms:
        """Returns what the loss of this replica's rows is summed from.

        Args:
          batch: features, targets and weights of the replica's rows.
          training: whether dropout is on and auxiliary losses are added.
          rows: float32, the rows of the global batch.
        """
        features = self.features(batch, training=training)
        predictions = self.predictions(features, training)
        rule = self.gradient_rule
        balance = {} if rule is None else rule.loss_weights()
        return self._losses_of_rows.terms(
            batch,
            features,
            predictions,
            training,
            balance,
            lambda: penalty_share(self.losses, rows),
        )

    def loss_shares(self, batch: Batch, training: bool, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns this replica's shares of the loss; see `LossTerms.reported`."""
        return self.loss_terms(batch, training, rows).reported(rows)

    def compute_loss(self, inputs: Batch, training: bool = False) -> tf.Tensor:
        """Returns this replica's share of the loss."""
        return self.loss_shares(inputs, training, global_rows(inputs))["loss"]

    # Nothing here needs AutoGraph, whose conversion is most of the time of a first step.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: Batch) -> dict[str, tf.Tensor]:
        """Takes one step; see `TrainStep`."""
        with one_step():
            return self.training_step(inputs)

    @tf.autograph.experimental.do_not_convert
    def test_step(self, inputs: Batch) -> dict[str, tf.Tensor]:
        """Returns the shares of the losses without dropout and auxiliary losses."""
        return self.loss_shares(inputs, False, global_rows(inputs))
