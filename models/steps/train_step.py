"""One step of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf
import tf_keras as keras

from models.features.inputs import SCENARIO_KEY
from models.losses.loss_terms import LossTerms
from models.steps.batch import global_rows
from models.steps.gradient_rules.rule import GradientRule
from models.steps.held_out_rows import picked_rows

if TYPE_CHECKING:
    from models.ranker import Ranker

Batch = Mapping[str, tf.Tensor]


class StepGradients(NamedTuple):
    """This replica's shares of a step's losses and gradients.

    Attributes:
      losses: `loss`, `penalty` and `{name}_loss` of every term, without the weights of losses.
      gradients: of the loss, by trainable variable of the ranker; None where there is none.
      part_losses: of the gradient rule's parts, float32 [n]; n = 0 without a rule.
      part_gradients: of the parts, float32 [n, *shape] for every shared variable of the rule.
    """

    losses: dict[str, tf.Tensor]
    gradients: list[Any]
    part_losses: tf.Tensor
    part_gradients: list[tf.Tensor]


class TrainStep:
    """Takes one step: the losses, their gradients, the gradient rule, the optimizers.

    An architecture may bring a subclass (`Architecture.train_step`) that overrides `gradients`,
    say, to take an inner step first.

    Args:
      ranker: the model, whose optimizers move its variables.
    """

    def __init__(self, ranker: Ranker) -> None:
        self.ranker = ranker
        xla = ranker.training_config.xla
        self._gradients = _compiled(self.gradients) if xla else self.gradients

    def __call__(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Takes a step; call it in a replica.

        Returns:
          `StepGradients.losses`: sum them over the replicas (as Keras's fit does), once.
        """
        found = self._gradients(batch, global_rows(batch))
        gradients, rule = found.gradients, self.ranker.gradient_rule
        if rule is not None:
            gradients = self._ruled(rule, found)
        self.ranker.apply_gradients(gradients)
        return found.losses

    def gradients(self, batch: Batch, rows: tf.Tensor) -> StepGradients:
        """Returns this replica's shares; takes no step and exchanges nothing.

        Args:
          batch: features, targets and weights of the replica's rows.
          rows: float32, the rows of the global batch.
        """
        ranker, rule = self.ranker, self.ranker.gradient_rule
        share = ranker.architecture.holdout_share
        with tf.GradientTape(persistent=rule is not None or share > 0) as tape:
            terms = ranker.loss_terms(batch, True, rows)
            losses = terms.reported(rows)
            targets, train = [losses["loss"]], None
            if share:
                held_out = picked_rows(ranker.indices(batch), share)
                train = ~held_out
                targets = [terms.total(rows, train), terms.total(rows, held_out)]
            # A rule changes the gradients of the rows that train what it reads.
            parts = [] if rule is None else _parts(rule, terms, batch, rows, train)
            scaled, scaled_parts = self._scaled(targets), self._scaled(parts)
        gradients = self._unscaled(tape.gradient(scaled[0], ranker.trainable_variables))
        if share:
            held = self._unscaled(tape.gradient(scaled[1], ranker.trainable_variables))
            learners = ranker.optimizers.holdout_variables
            pairs = zip(ranker.trainable_variables, gradients, held, strict=True)
            gradients = [h if id(v) in learners else g for v, g, h in pairs]
        shared = []
        if rule is not None:
            by_part = [self._unscaled(_dense(tape, part, rule.shared)) for part in scaled_parts]
            shared = [tf.stack(of_variable) for of_variable in zip(*by_part, strict=True)]
        return StepGradients(losses, gradients, tf.stack(parts) if parts else tf.zeros([0]), shared)

    def _ruled(self, rule: GradientRule, found: StepGradients) -> list[Any]:
        """Takes the rule's step on the sums over the replicas; returns this one's gradients."""
        context = tf.distribute.get_replica_context()
        shares = [found.part_losses, *found.part_gradients]
        losses, *shared = context.all_reduce(tf.distribute.ReduceOp.SUM, shares)
        replaced = rule.step(losses, shared)
        if replaced is None:
            return found.gradients
        # The optimizers sum over the replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        changes = {
            id(variable): (new - tf.reduce_sum(old, axis=0)) / replicas
            for variable, old, new in zip(rule.shared, shared, replaced, strict=True)
        }
        pairs = zip(self.ranker.trainable_variables, found.gradients, strict=True)
        return [g + changes[id(v)] if id(v) in changes else g for v, g in pairs]

    def _scaled(self, losses: list[tf.Tensor]) -> list[tf.Tensor]:
        optimizer = self.ranker.optimizer
        if not isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            return losses
        return [optimizer.get_scaled_loss(loss) for loss in losses]

    def _unscaled(self, gradients: list[Any]) -> list[Any]:
        optimizer = self.ranker.optimizer
        if not isinstance(optimizer, keras.mixed_precision.LossScaleOptimizer):
            return gradients
        found: list[Any] = optimizer.get_unscaled_gradients(gradients)
        return found


def _parts(
    rule: GradientRule, terms: LossTerms, batch: Batch, rows: tf.Tensor, train: tf.Tensor | None
) -> list[tf.Tensor]:
    if rule.per == "output":
        return [terms.of_output(output, rows, rule.weighted, train) for output in rule.parts]
    losses = terms.of_predictions(rule.weighted, train)
    own = tf.one_hot(tf.cast(batch[SCENARIO_KEY], tf.int32), len(rule.parts))
    # No product of matrices: a GPU would round its float32 factors (TensorFloat-32).
    return tf.unstack(tf.reduce_sum(own * losses[:, tf.newaxis], axis=0) / rows)


def _dense(tape: tf.GradientTape, loss: tf.Tensor, variables: tuple[tf.Variable, ...]) -> list[Any]:
    return [
        tf.convert_to_tensor(gradient)
        for gradient in tape.gradient(
            loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
    ]


def _compiled(gradients: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles with XLA, inside the replica: collectives and the optimizer stay outside."""
    function = tf.function(gradients, jit_compile=True, reduce_retracing=True, autograph=False)
    # A closure, because a model exports every tf.function that is its attribute.
    return lambda *arguments: function(*arguments)
