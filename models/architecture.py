"""The interface of an architecture."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.config import ModelConfig
from models.features import Features
from models.inputs import InputLayout
from schemas.task_graph import TaskGraph


class Architecture(keras.layers.Layer):
    """Turns embedded rows into probabilities; one subclass a file in `models.zoo`.

    A subclass implements `call`. It returns the conditional probability of every label
    (`click`, `conversion_given_click`), float32 [B]; `LabelSpace` composes the others. An
    output that it returns itself (say, a joint one with a tower of its own) is kept.

    Auxiliary losses go through `add_loss`, in training only: a vector [B] is a loss of
    rows, which the ranker sums and divides by the rows of the global batch; a scalar is a
    penalty on parameters, counted once however many replicas there are.

    Args:
      config: the architecture's hyper-parameters.
      layout: the fields, numbers and scenarios.
      tasks: the labels and their outputs.
    """

    def __init__(self, config: ModelConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        # Features keep their dtypes: `offset` must reach the logits in float32.
        super().__init__(name=config.name, autocast=False)
        self.scenarios = len(layout.scenarios)
        self.labels = tuple(tasks.conditional(label.name).name for label in tasks.labels)

    @property
    def supervised_outputs(self) -> tuple[str, ...]:
        """The outputs that have a loss: the conditional ones, unless a subclass differs."""
        return self.labels

    def probabilities(self, logits: tf.Tensor) -> dict[str, tf.Tensor]:
        """Turns float32 logits [B, C] of all labels into their probabilities."""
        values = tf.sigmoid(logits)
        return {name: values[:, index] for index, name in enumerate(self.labels)}

    def explain(self, features: Features) -> dict[str, np.ndarray]:
        """Returns small named arrays that say what was learned, seen on these rows."""
        return {}
