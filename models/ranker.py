"""The model that is trained: embeddings, an architecture, and the loss over the task graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from common.settings import SettingsError
from models import registry
from models.calibration.calibration import Calibration, Curves
from models.config import ModelConfig, TrainingConfig
from models.explanation import Explanation
from models.feature_struct import Features
from models.features.inputs import SCENARIO_KEY, InputLayout, target_key, weight_key
from models.initial_biases import initial_biases
from models.layers.embedded_inputs import Batch, EmbeddedInputs
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.first_order import FirstOrder
from models.layers.once_a_step import one_step
from models.layers.unclicked_towers import UnclickedTowers
from models.losses.label_space import LabelSpace
from models.losses.loss_terms import LossTerms
from models.losses.predictions import (
    PredictionLosses,
    check_one_a_row,
    check_predictions,
    supervised_outputs,
)
from models.losses.unclicked import unclicked_branches, unclicked_losses
from models.losses.weights import check_loss_weights, weighed_labels
from models.optimizers import make_group_optimizer, make_optimizer
from models.precision import precision
from models.schedule import Phase
from models.steps.batch import global_rows, one_row
from schemas.task_graph import TaskGraph


class Ranker(tfrs.models.Model):
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
        keras.utils.set_random_seed(training.seed)
        # Targets and weights share the batch with the features and must stay float32.
        super().__init__(name="ranker", dtype="float32", autocast=False)
        self.layout = layout
        self.model_config = model
        self.training_config = training
        self.label_space = LabelSpace(tasks)
        self._tasks = tasks
        self._calibration: Calibration | None = None
        branches = unclicked_branches(tasks)
        known = (*self.label_space.conditionals, *(branch.name for branch in branches))
        rates = base_rates or {}
        biases = dict(zip(known, initial_biases(known, rates), strict=True))
        counts = value_counts if model.counts_values else None
        if model.counts_values and counts is None:
            raise SettingsError("model.l2_per is 'value'; give the ranker the values' counts")
        with precision(training.precision):
            starts = [biases[name] for name in self.label_space.conditionals]
            self.embedded_inputs = EmbeddedInputs(layout, model, starts, counts)
            self.architecture = registry.architecture(model.name)(model, layout, tasks)
            self.architecture.embedding_l2.use_counts_of(self.embedded_inputs.embedding_l2)
            self.architecture.start_unclicked(
                {branch.label: biases[branch.name] for branch in branches if branch.name in rates}
            )
            own = self.architecture.totals
            self._unclicked = tuple(b for b in branches if tasks.total(b.label).name not in own)
            # Last, since what is made after it would start from other random numbers.
            if self._unclicked:
                starts = [biases[branch.name] for branch in self._unclicked]
                self.unclicked_towers = UnclickedTowers(starts, self.layout, model.kernel_l2)
            self(one_row(layout))
            self._make_weights_of_losses()
        supervised = self.architecture.supervised
        outputs = supervised_outputs(supervised.values())
        self.supervised_outputs = outputs
        check_loss_weights(training.loss_weights, outputs)
        self.weighed_labels = weighed_labels(training.loss_weights, outputs, tasks)
        self._prediction_losses = PredictionLosses(supervised)
        self.gradient_rule = self.architecture.gradient_rule(outputs)
        self._groups = tuple(self.architecture.parameter_groups(training, self.tables))
        self.start_optimizers()
        self.training_step = self.architecture.train_step(self)

    def _make_weights_of_losses(self) -> None:
        """Calls what only the losses read, so that no weight is made after the optimizers.

        Raises:
          ValueError: the architecture does not return what it says has a loss, two losses
            have one name, or one is not a number of each row.
        """
        features = self.features(one_row(self.layout))
        predictions = self.predictions(features)
        check_predictions(self.architecture.supervised, predictions, self._tasks)
        zeros = {output.name: tf.zeros([1]) for output in self._tasks.outputs}
        losses = self.architecture.losses(features, predictions, zeros, zeros, False)
        check_one_a_row("loss", losses)
        twice = [name for name in losses if name in predictions]
        if twice:
            raise ValueError(f"the losses {', '.join(twice)} have the names of predictions")

    def start_optimizers(self, learning_rate: float | None = None) -> None:
        """Makes fresh optimizers: the main one and one for every group with its own rate.

        Args:
          learning_rate: the main one's rate; None for the training's.
        """
        rate = learning_rate or self.training_config.learning_rate
        grouped = {id(v) for group in self._groups for v in group.variables}
        main = [v for v in self.trainable_variables if id(v) not in grouped]
        with self.distribute_strategy.scope():
            self.compile(optimizer=make_optimizer(self.training_config, rate))
            self.optimizer.build(main)
            self.group_optimizers = []
            for group in self._groups:
                optimizer = make_group_optimizer(
                    self.training_config, group.learning_rate, group.optimizer
                )
                optimizer.build(group.variables)
                self.group_optimizers.append(optimizer)

    def decay_learning_rates(self, phase: Phase, epochs: int) -> None:
        """Sets all optimizers' rates to those after this many epochs of a phase."""
        rates = [phase.learning_rate or self.training_config.learning_rate]
        rates += [group.learning_rate for group in self._groups]
        factor = self.training_config.learning_rate_decay**epochs
        for optimizer, rate in zip([self.optimizer, *self.group_optimizers], rates, strict=True):
            optimizer.learning_rate = rate * factor

    def start_phase(self, phase: Phase) -> None:
        """Switches to a phase of the schedule; see `Architecture.start_phase`."""
        self.architecture.start_phase(phase.name)
        self.training_step = self.architecture.train_step(self)
        self.make_train_function(force=True)

    @property
    def holdout_variables(self) -> set[int]:
        """The ids of the variables that learn from the rows that are held out."""
        groups = [group for group in self._groups if group.rows == "holdout"]
        return {id(v) for group in groups for v in group.variables}

    @property
    def embeddings(self) -> FieldEmbeddings:
        """The embedding tables."""
        return self.embedded_inputs.embeddings

    @property
    def first_order(self) -> FirstOrder:
        """The wide part."""
        return self.embedded_inputs.first_order

    @property
    def tables(self) -> list[tf.Variable]:
        """What trains in embedding tables and the wide part, the architecture's own too."""
        shared = (self.embeddings, self.first_order)
        own = [variable for layer in shared for variable in layer.trainable_variables]
        return [*own, *self.architecture.tables]

    def indices(self, batch: Batch) -> tf.Tensor:
        """Returns the indices of the fields of a batch, int64 [B, P]."""
        return tf.stack([tf.cast(batch[f.key], tf.int64) for f in self.layout.fields], axis=1)

    def features(self, batch: Batch, training: bool = False) -> Features:
        """Embeds a batch of transformed columns."""
        return self.embedded_inputs(batch, training=training)

    def call(self, inputs: Batch, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the probability of every output of the task graph, float32 [B].

        They are calibrated once `calibrate` was called.

        Args:
          inputs: transformed columns.
          training: whether dropout is on and auxiliary losses are added.
        """
        log_odds = self.log_odds(inputs, training)
        if self._calibration is not None:
            log_odds = self._calibration(log_odds, inputs[SCENARIO_KEY])
        return {name: tf.sigmoid(values) for name, values in log_odds.items()}

    def log_odds(self, inputs: Batch, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every output as they were learned, not calibrated; [B]."""
        predictions = self.predictions(self.features(inputs, training=training), training)
        return {output.name: predictions[output.name] for output in self._tasks.outputs}

    def calibrate(self, curves: Mapping[str, Curves]) -> None:
        """Has probabilities follow these curves from now on, in what is traced after it.

        The losses do not: a model that goes on training goes on from what it has learned.

        Args:
          curves: see `Calibration`.
        """
        self._calibration = Calibration(self._tasks, curves)

    def predictions(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns what the architecture predicts, and the log-odds of every output.

        Those of the labels without their parents are among them.

        Args:
          features: the embedded rows.
          training: whether dropout is on and auxiliary losses are added.
        """
        found = dict(self.architecture(features, training=training))
        if self._unclicked:
            values = tf.unstack(self.unclicked_towers(features), num=len(self._unclicked), axis=1)
            names = [branch.name for branch in self._unclicked]
            found |= dict(zip(names, values, strict=True))
        return found | self.label_space.compose(found)

    def loss_terms(self, batch: Batch, training: bool, rows: tf.Tensor) -> LossTerms:
        """Returns what the loss of this replica's rows is summed from.

        Args:
          batch: features, targets and weights of the replica's rows.
          training: whether dropout is on and auxiliary losses are added.
          rows: float32, the rows of the global batch.
        """
        features = self.features(batch, training=training)
        predictions = self.predictions(features, training)
        names = [output.name for output in self._tasks.outputs]
        targets, weights = (
            {name: batch[key(name)] for name in names} for key in (target_key, weight_key)
        )
        auxiliary = self.architecture.losses(features, predictions, targets, weights, training)
        rule = self.gradient_rule
        return LossTerms(
            self._prediction_losses(batch, predictions),
            self.architecture.supervised,
            self.training_config.loss_weights,
            {} if rule is None else rule.loss_weights(),
            unclicked_losses(self._tasks, self._unclicked, batch, predictions) | auxiliary,
            self.penalty(rows),
        )

    def penalty(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns this replica's share of what the layers added in the last call."""
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        shares = [tf.zeros([])]
        for loss in self.losses:
            divisor = rows if loss.shape.rank == 1 else float(replicas)
            shares.append(tf.reduce_sum(tf.cast(loss, tf.float32)) / divisor)
        return tf.add_n(shares)

    def compute_loss(self, inputs: Batch, training: bool = False) -> tf.Tensor:
        """Returns this replica's share of the loss."""
        return self.loss_shares(inputs, training, global_rows(inputs))["loss"]

    def loss_shares(self, batch: Batch, training: bool, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns this replica's shares of the loss; see `LossTerms.reported`."""
        return self.loss_terms(batch, training, rows).reported(rows)

    # Nothing here needs AutoGraph, whose conversion is most of the time of a first step.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: Batch) -> dict[str, tf.Tensor]:
        """Takes one step; see `TrainStep`."""
        with one_step():
            return self.training_step(inputs)

    def apply_gradients(self, gradients: list[Any]) -> None:
        """Steps the optimizers, each with its variables; they sum over the replicas first.

        Args:
          gradients: of the trainable variables, this replica's share; None where there is none.
        """
        by_variable = {
            id(v): (gradient, v)
            for gradient, v in zip(gradients, self.trainable_variables, strict=True)
        }
        for group, optimizer in zip(self._groups, self.group_optimizers, strict=True):
            pairs = [by_variable.pop(id(v)) for v in group.variables if id(v) in by_variable]
            if pairs:
                optimizer.apply_gradients(pairs)
        self.optimizer.apply_gradients(by_variable.values())

    @tf.autograph.experimental.do_not_convert
    def test_step(self, inputs: Batch) -> dict[str, tf.Tensor]:
        """Returns the shares of the losses without dropout and auxiliary losses."""
        return self.loss_shares(inputs, False, global_rows(inputs))

    def explain(self, batch: Batch) -> dict[str, Explanation]:
        """Returns what the model has learned, seen on the rows of a batch."""
        features = self.features(batch)
        inputs = self.embedded_inputs.explain(batch, features)
        return self.architecture.explain(features) | inputs

    def prepare_export(self, batches: Iterable[Batch]) -> dict[str, Any]:
        """Gives the architecture its last form; see `Architecture.prepare_export`."""
        return self.architecture.prepare_export(self.features(batch) for batch in batches)
