"""The predictions that have a loss, each with the output whose targets it learns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import tensorflow as tf
import tensorflow_recommenders as tfrs
import tf_keras as keras

from models.features.inputs import target_key, weight_key
from schemas.graph_names import graph_names
from schemas.task_graph import TaskGraph


class Supervision(NamedTuple):
    """What a prediction learns.

    Attributes:
      output: the output of the task graph whose targets and row weights it has.
      weight: of its loss, next to the output's in `training.loss_weights`.
    """

    output: str
    weight: float = 1.0


class PredictionLosses:
    """The cross-entropies of predictions, row by row.

    Args:
      supervised: prediction -> what it learns.
    """

    def __init__(self, supervised: Mapping[str, Supervision]) -> None:
        self._supervised = dict(supervised)
        self._tasks = {
            prediction: tfrs.tasks.Ranking(
                loss=keras.losses.BinaryCrossentropy(
                    from_logits=True, reduction=keras.losses.Reduction.NONE
                ),
                name=f"{name}_loss",
            )
            for prediction, name in graph_names(tuple(supervised)).items()
        }

    def __call__(
        self, batch: Mapping[str, tf.Tensor], predictions: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Returns every prediction's loss times the row's weight, float32 [B], by its name.

        Args:
          batch: targets and weights of the outputs.
          predictions: log-odds by name, float32 [B].
        """
        return {
            name: task(
                # Keras takes the mean over the last axis, hence a column of one.
                labels=batch[target_key(self._supervised[name].output)][:, tf.newaxis],
                predictions=predictions[name][:, tf.newaxis],
                sample_weight=batch[weight_key(self._supervised[name].output)],
                compute_metrics=False,
            )
            for name, task in self._tasks.items()
        }


def supervised_outputs(supervised: Iterable[Supervision]) -> tuple[str, ...]:
    """Returns the outputs that predictions learn, each once, in their order."""
    return tuple(dict.fromkeys(one.output for one in supervised))


def check_predictions(
    supervised: Mapping[str, Supervision], predictions: Iterable[str], tasks: TaskGraph
) -> None:
    """Checks that what has a loss is there, and that its output is one of the task graph.

    Raises:
      ValueError: names what is not there, and what is.
    """
    known = [*predictions]
    missing = [name for name in supervised if name not in known]
    if missing:
        raise ValueError(f"no prediction {', '.join(missing)} to have a loss; got {known}")
    outputs = [output.name for output in tasks.outputs]
    for name, supervision in supervised.items():
        if supervision.output not in outputs:
            raise ValueError(
                f"'{name}' learns '{supervision.output}', which is no output; got {outputs}"
            )
