"""The interface of an architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from models.config import ModelConfig, TrainingConfig
from models.explanation import Axis, Explanation
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.field_embeddings import FieldEmbeddings
from models.losses.gradnorm import GradNorm
from models.schedule import Phase, RateGroup
from schemas.task_graph import TaskGraph


class Architecture(keras.layers.Layer):
    """Turns embedded rows into probabilities; one subclass a file in `models.zoo`.

    A subclass implements `call`. It returns the conditional probability of every label
    (`click`, `conversion_given_click`), float32 [B]; `LabelSpace` composes the others. An
    output that it returns itself (say, a joint one with a tower of its own) is kept. Totals
    of labels with `after` are composed with towers that all architectures have alike
    (`UnclickedTowers`), unless it says that it returns them (`totals`).

    Auxiliary losses go through `add_loss`, in training only: a vector [B] is a loss of
    rows, which the ranker sums and divides by the rows of the global batch; a scalar is a
    penalty on parameters, counted once however many replicas there are.

    Args:
      config: the architecture's hyper-parameters.
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.

    Attributes:
      slots: the names of what stands in `Features.fields`; P of them.
    """

    def __init__(self, config: ModelConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        # Features keep their dtypes: `offset` must reach the logits in float32.
        super().__init__(name=config.name, autocast=False)
        self.scenarios = len(layout.scenarios)
        self.layout = layout
        self.slots = layout.slots(config.histories != "none")
        self.labels = _conditionals(tasks)
        self.supervised_outputs = self.outputs_with_loss(config, tasks)

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """The outputs that have a loss: the conditional ones, unless a subclass differs.

        It is known before a model exists, so that weights of losses are checked early.
        """
        del config
        return _conditionals(tasks)

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

    def probabilities(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """Turns float32 logits [B, C] of all labels into their probabilities."""
        values = tf.sigmoid(logits)
        return {name: values[:, index] for index, name in enumerate(self.labels)}

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

    def parameter_groups(self, training: TrainingConfig) -> Sequence[RateGroup]:
        """The variables with a learning rate of their own."""
        return ()

    def loss_balancer(self, outputs: Sequence[str]) -> GradNorm | None:
        """Makes what weighs the losses of `outputs` in every step; None for none.

        Called once, when all variables exist and inside the strategy's scope.
        """
        return None

    def epoch_logs(self) -> dict[str, Any]:
        """Plain values for the history's record of every epoch."""
        return {}

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Says what was learned, seen on these rows."""
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
