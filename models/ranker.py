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
from models.config import ModelConfig, TrainingConfig
from models.explanation import Explanation
from models.feature_struct import Features
from models.features.inputs import InputLayout, target_key, weight_key
from models.initial_biases import initial_biases
from models.layers.embedded_inputs import Batch, EmbeddedInputs
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.first_order import FirstOrder
from models.layers.unclicked_towers import UnclickedTowers
from models.losses.label_space import LabelSpace
from models.losses.unclicked import unclicked_branches, unclicked_losses
from models.losses.weights import check_loss_weights, weighed_labels
from models.optimizers import make_group_optimizer, make_optimizer
from models.precision import precision
from models.schedule import Phase
from models.step import compiled, global_rows, one_row
from schemas.graph_names import graph_names
from schemas.task_graph import TaskGraph


class Ranker(tfrs.models.Model):
    """Scores every output of the task graph: ``ranker(batch) -> {output: float32 [B]}``.

    The loss of a step is, with B the rows of the global batch (all replicas, a partial last
    batch counted as it is), y, w, p the target, row weight and probability, and v = 1 unless
    the architecture balances its losses (`Architecture.loss_balancer`),

        sum_o v_o loss_weights[o] / B * sum_rows w_o BCE(y_o, p_o)
        + sum_u 1 / B * sum_rows w_u BCE(y_u, p_u)
        + 1 / B * sum_rows (losses of rows: `add_loss` of a vector)
        + penalties on parameters (`add_loss` of a scalar, kernel regularisers)

    u being the labels that do not need their parents (`after`), each on the rows without
    them (`unclicked_rows`): towers that read the embeddings and change nothing else. They are
    there for labels whose total the architecture does not return itself.

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
      value_counts: how often every value of every field stands in the train split; wanted
        with `l2_per: value` only.

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
        outputs = self.architecture.supervised_outputs
        check_loss_weights(training.loss_weights, outputs)
        self.weighed_labels = weighed_labels(training.loss_weights, outputs, tasks)
        self.ranking_tasks = {
            output: tfrs.tasks.Ranking(
                loss=keras.losses.BinaryCrossentropy(reduction=keras.losses.Reduction.NONE),
                name=f"{name}_loss",
            )
            for output, name in graph_names(outputs).items()
        }
        self._balancer = self.architecture.loss_balancer(outputs)
        self._rate_groups = tuple(self.architecture.parameter_groups(training))
        self.start_optimizers()
        self._backward = compiled(self.backward) if training.xla else self.backward

    def start_optimizers(self, learning_rate: float | None = None) -> None:
        """Makes fresh optimizers: the main one and one for every group with its own rate.

        Args:
          learning_rate: the main one's rate; None for the training's.
        """
        rate = learning_rate or self.training_config.learning_rate
        grouped = {id(v) for group in self._rate_groups for v in group.variables}
        main = [v for v in self.trainable_variables if id(v) not in grouped]
        with self.distribute_strategy.scope():
            self.compile(optimizer=make_optimizer(self.training_config, rate))
            self.optimizer.build(main)
            self.group_optimizers = []
            for group in self._rate_groups:
                optimizer = make_group_optimizer(self.training_config, group.learning_rate)
                optimizer.build(group.variables)
                self.group_optimizers.append(optimizer)

    def decay_learning_rates(self, phase: Phase, epochs: int) -> None:
        """Sets all optimizers' rates to those after this many epochs of a phase."""
        rates = [phase.learning_rate or self.training_config.learning_rate]
        rates += [group.learning_rate for group in self._rate_groups]
        factor = self.training_config.learning_rate_decay**epochs
        for optimizer, rate in zip([self.optimizer, *self.group_optimizers], rates, strict=True):
            optimizer.learning_rate = rate * factor

    def start_phase(self, phase: Phase) -> None:
        """Switches to a phase of the schedule; see `Architecture.start_phase`."""
        self.architecture.start_phase(phase.name)
        self._backward = compiled(self.backward) if self.training_config.xla else self.backward
        self.make_train_function(force=True)

    @property
    def supervised_outputs(self) -> tuple[str, ...]:
        """The outputs that have a loss."""
        return tuple(self.ranking_tasks)

    @property
    def embeddings(self) -> FieldEmbeddings:
        """The embedding tables."""
        return self.embedded_inputs.embeddings

    @property
    def first_order(self) -> FirstOrder:
        """The wide part."""
        return self.embedded_inputs.first_order

    def features(self, batch: Batch, training: bool = False) -> Features:
        """Embeds a batch of transformed columns."""
        return self.embedded_inputs(batch, training=training)

    def call(
        self, inputs: Batch, training: bool = False, branches: bool = False
    ) -> dict[str, tf.Tensor]:
        """Returns the probability of every output of the task graph, float32 [B].

        Args:
          inputs: transformed columns.
          training: whether dropout is on and auxiliary losses are added.
          branches: whether the labels' probabilities without their parents are returned too.
        """
        features = self.features(inputs, training=training)
        found = self.architecture(features, training=training)
        if not self._unclicked:
            return self.label_space.compose(found)
        values = tf.unstack(self.unclicked_towers(features), num=len(self._unclicked), axis=1)
        unclicked = {b.name: value for b, value in zip(self._unclicked, values, strict=True)}
        outputs = self.label_space.compose({**found, **unclicked})
        return {**outputs, **unclicked} if branches else outputs

    def output_losses(self, batch: Batch, training: bool, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns this replica's share of every supervised output's loss, unweighted.

        Those of the labels without their parents are among them.

        Args:
          batch: features, targets and weights of the replica's rows.
          training: whether dropout is on and auxiliary losses are added.
          rows: float32, the rows of the global batch.
        """
        probabilities = self(batch, training=training, branches=True)
        losses = {}
        for output, task in self.ranking_tasks.items():
            # Keras takes the mean over the last axis, hence a column of one.
            row_losses = task(
                labels=batch[target_key(output)][:, tf.newaxis],
                predictions=probabilities[output][:, tf.newaxis],
                sample_weight=batch[weight_key(output)],
                compute_metrics=False,
            )
            losses[output] = tf.reduce_sum(row_losses) / rows
        unclicked = unclicked_losses(self._tasks, self._unclicked, batch, probabilities)
        return losses | {name: tf.reduce_sum(loss) / rows for name, loss in unclicked.items()}

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
        """Returns this replica's shares of the loss (`loss`), of each output's and the penalty."""
        losses = self.output_losses(batch, training, rows)
        penalty = self.penalty(rows)
        total = penalty + tf.add_n([self._loss_weight(o) * loss for o, loss in losses.items()])
        return {"loss": total, "penalty": penalty, **{f"{o}_loss": x for o, x in losses.items()}}

    def _loss_weight(self, output: str) -> float | tf.Tensor:
        if output not in self.ranking_tasks:
            return 1.0
        weight = self.training_config.loss_weights.get(output, 1.0)
        return weight if self._balancer is None else weight * self._balancer.by_output()[output]

    def backward(
        self, batch: Batch, rows: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], list[Any], list[tf.Tensor]]:
        """Returns the shares of losses, gradients by trainable variable, and balanced gradients.

        The last are those of each output's loss in the balancer's kernel; empty without one.
        """
        scaling = isinstance(self.optimizer, keras.mixed_precision.LossScaleOptimizer)
        balancer = self._balancer
        outputs = () if balancer is None else balancer.outputs
        with tf.GradientTape(persistent=balancer is not None) as tape:
            losses = self.loss_shares(batch, True, rows)
            targets = [losses["loss"], *(losses[f"{output}_loss"] for output in outputs)]
            if scaling:
                targets = [self.optimizer.get_scaled_loss(target) for target in targets]
        gradients = tape.gradient(targets[0], self.trainable_variables)
        shared = [tape.gradient(x, balancer.kernel) for x in targets[1:]] if balancer else []
        if scaling:
            gradients, shared = map(self.optimizer.get_unscaled_gradients, (gradients, shared))
        return losses, gradients, shared

    # Nothing here needs AutoGraph, whose conversion is most of the time of a first step.
    @tf.autograph.experimental.do_not_convert
    def train_step(self, inputs: Batch) -> dict[str, tf.Tensor]:
        """Takes one step; an architecture with a step of its own composes the same parts.

        Returns:
          This replica's shares of `loss`, `penalty` and `{output}_loss`: sum them over the
          replicas (as Keras's fit does), once.
        """
        losses, gradients, shared = self._backward(inputs, global_rows(inputs))
        self._apply(gradients)
        if self._balancer is not None:
            self._balancer.update(losses, shared)
        return losses

    def _apply(self, gradients: list[Any]) -> None:
        """Steps the optimizers, each with its variables; they sum over the replicas first."""
        by_variable = {
            id(v): (gradient, v)
            for gradient, v in zip(gradients, self.trainable_variables, strict=True)
        }
        for group, optimizer in zip(self._rate_groups, self.group_optimizers, strict=True):
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
