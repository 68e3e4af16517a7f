"""The interface of an architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import tensorflow as tf
import tf_keras as keras

from models.config import ModelConfig, TrainingConfig
from models.explanation import Axis, Explanation
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates
from models.layers.field_embeddings import FieldEmbeddings
from models.layers.first_order import FirstOrder
from models.layers.lookup_l2 import LookupL2
from models.losses.predictions import Supervision
from models.schedule import Phase
from models.steps.gradient_rules.rule import GradientRule
from models.steps.parameter_groups import ParameterGroup
from models.steps.train_step import TrainStep
from schemas.task_graph import TaskGraph

if TYPE_CHECKING:
    from models.ranker import Ranker


class Architecture(keras.layers.Layer):
    """Turns embedded rows into predictions; one subclass a file in `models.zoo`.

    A subclass implements `call`. It returns the log-odds of the conditional probability of every
    label (`click`, `conversion_given_click`), float32 [B]; `LabelSpace` composes the others. An
    output that it returns itself (say, a joint one with a tower of its own) is kept. Totals
    of labels with `after` are composed with towers that all architectures have alike
    (`UnclickedTowers`), unless it says that it returns them (`totals`). Further predictions that
    have a loss (`click@learner_2`, see `supervisions`) and values that `losses` reads stand next
    to them, under names that are no outputs.

    Auxiliary losses are returned by `losses`, or go through `add_loss`, in training only: a
    vector [B] is a loss of rows, which the ranker sums and divides by the rows of the global
    batch; a scalar is a penalty on parameters, counted once however many replicas there are.

    Args:
      config: the architecture's hyper-parameters.
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.

    Attributes:
      config_class: the class of its hyper-parameters; `register` sets it.
      slots: the names of what stands in `Features.fields`; P of them.
      labels: the conditional outputs of the labels, in the task graph's order; C of them.
      supervised: the predictions that have a loss, see `supervisions`.
      embedding_l2: the L2 loss for tables of its own: `FieldEmbeddings(..., l2=self.embedding_l2)`.
        It has the config's weight, and counts values as that of the shared tables does.
    """

    config_class: ClassVar[type[ModelConfig]] = ModelConfig

    def __init__(self, config: ModelConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        # Features keep their dtypes: `offset` must reach the logits in float32. Of
        # `package.module:Class` the class is left: names of scopes have no colon.
        super().__init__(name=config.name.rpartition(":")[2], autocast=False)
        self.scenarios = len(layout.scenarios)
        self.layout = layout
        self.slots = layout.slots(config.histories != "none")
        self.labels = _conditionals(tasks)
        # The ranker adds the counts before the first call.
        self.embedding_l2 = LookupL2(config.embedding_l2)
        # Read by the ranker; a plain attribute would become Keras' wrapper of a dictionary.
        self._supervised = tuple(self.supervisions(config, tasks).items())

    @property
    def supervised(self) -> dict[str, Supervision]:
        """The predictions that have a loss; see `supervisions`."""
        return dict(self._supervised)

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """The outputs that have a loss: the conditional ones, unless a subclass differs.

        It is known before a model exists, so that weights of losses are checked early.
        """
        del config
        return _conditionals(tasks)

    @classmethod
    def supervisions(cls, config: ModelConfig, tasks: TaskGraph) -> Mapping[str, Supervision]:
        """The predictions that have a loss: those of `outputs_with_loss`, each for itself.

        A subclass may add others that `call` returns, say, a learner's
        (``{"click@learner_2": Supervision("click", 0.5)}``), for outputs that have a loss.
        """
        return {name: Supervision(name) for name in cls.outputs_with_loss(config, tasks)}

    @property
    def totals(self) -> tuple[str, ...]:
        """The total outputs that `call` returns itself: none, unless a subclass differs."""
        return ()

    def start_unclicked(self, logits: Mapping[str, float]) -> None:
        """Takes where labels without their parents may start, for totals of its own.

        Args:
          logits: label -> the logit of its rate in the rows without its parents; only those
            that are known.
        """

    def by_label(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """Splits float32 logits [B, C] of all labels: conditional output -> [B]."""
        return dict(zip(self.labels, tf.unstack(logits, num=len(self.labels), axis=1), strict=True))

    def losses(
        self,
        features: Features,
        predictions: Mapping[str, tf.Tensor],
        targets: Mapping[str, tf.Tensor],
        weights: Mapping[str, tf.Tensor],
        training: bool,
    ) -> dict[str, tf.Tensor]:
        """Returns losses of rows next to those of the predictions, float32 [B] each, by name.

        The ranker adds their sums over the rows, divided by the rows of the global batch, and
        reports each as `{name}_loss`. It does not weigh rows: multiply by `weights` where a row's
        weight should count. It is called once on a row of zeros, too, when the model is made:
        layers that only losses call make their weights then.

        Args:
          features: the embedded rows.
          predictions: what `call` returned, and the log-odds of every output.
          targets: of every output of the task graph, float32 [B].
          weights: of the rows in every output's own space, 0 where its label is not known,
            float32 [B].
          training: whether this is a step of the training, not a validation.
        """
        return {}

    @property
    def tables(self) -> list[tf.Variable]:
        """What trains in tables of its own, `FieldEmbeddings` and `FirstOrder`s.

        They count as tables, not as parameters of the network.
        """
        kinds = (FieldEmbeddings, FirstOrder)
        layers = [layer for layer in self.submodules if isinstance(layer, kinds)]
        return [variable for layer in layers for variable in layer.trainable_variables]

    def phases(self, training: TrainingConfig) -> tuple[Phase, ...]:
        """The schedule, in order; their epochs are at most `training.max_epochs` together."""
        return (Phase("train", training.max_epochs),)

    def start_phase(self, name: str) -> None:
        """Switches to a phase; called again when a stopped training goes on in it.

        What runs in train and score functions is traced again after it. A new architecture
        behaves as in its first phase.
        """

    def start_epoch(self, phase: str, epoch: int) -> None:
        """Sets what depends on the epoch, counted from 0 within the phase."""

    def finish_phase(self, name: str, embeddings: FieldEmbeddings) -> None:
        """Takes over what a phase leaves, before the weights are rewound."""

    @property
    def kept_through_rewind(self) -> Sequence[tf.Variable]:
        """The variables that a rewind leaves as they are."""
        return ()

    def parameter_groups(
        self, training: TrainingConfig, tables: Sequence[tf.Variable]
    ) -> Sequence[ParameterGroup]:
        """The variables with an optimizer, a rate or rows of their own.

        Args:
          training: how the rest is trained.
          tables: what trains in embedding tables and the wide part, for an optimizer of theirs.
        """
        return ()

    @property
    def holdout_share(self) -> float:
        """The share of the rows, in this phase, that train the groups with `rows: holdout` only.

        They are picked by their values (`picked_rows`). 0: all rows train all variables.
        """
        return 0.0

    def train_step(self, ranker: Ranker) -> TrainStep:
        """Makes what takes a step; called again at the start of every phase."""
        return TrainStep(ranker)

    def gradient_rule(self, outputs: Sequence[str]) -> GradientRule | None:
        """Makes what reads and changes the gradients of every step; None for none.

        Called once, when all variables exist and inside the strategy's scope.

        Args:
          outputs: those that a prediction learns.
        """
        return None

    def epoch_logs(self) -> dict[str, Any]:
        """Plain values for the history's record of every epoch."""
        return {}

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns the weights that its gates over experts give on these rows, by name.

        How the experts are used is computed from them for all architectures alike: it is part of
        `explain.json`, and of the history and TensorBoard after every epoch.
        """
        return {}

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Says what else was learned than gates over experts, seen on these rows."""
        return {}

    def prepare_export(self, batches: Iterable[Features]) -> dict[str, Any]:
        """Takes its last form, in which it is scored and exported.

        Args:
          batches: all rows of the validation split, embedded.

        Returns:
          Plain values that say what was changed; empty where nothing was.
        """
        return {}

    @property
    def scenario_axis(self) -> Axis:
        """The axis of explanations over the scenarios."""
        return Axis("scenario", self.layout.scenarios)

    @property
    def label_axis(self) -> Axis:
        """The axis of explanations over the labels."""
        return Axis("label", self.labels)


def _conditionals(tasks: TaskGraph) -> tuple[str, ...]:
    return tuple(tasks.conditional(label.name).name for label in tasks.labels)
