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
    supervised: Mapping[str, Supervision], predictions: Mapping[str, tf.Tensor], tasks: TaskGraph
) -> None:
    """Checks that what has a loss is there, one number a row, and learns one of the outputs.

    Args:
      supervised: prediction -> what it learns.
      predictions: of B rows; those that are no outputs and have no loss may have any shape.
      tasks: the labels and their outputs.

    Raises:
      ValueError: names what is not there and what is, or the shape got and the one wanted.
    """
    known = [*predictions]
    missing = [name for name in supervised if name not in known]
    if missing:
        raise ValueError(
            f"{', '.join(missing)} should have a loss, and the architecture returns no prediction "
            f"of that name; got {known}"
        )
    outputs = [output.name for output in tasks.outputs]
    for name, supervision in supervised.items():
        if supervision.output not in outputs:
            raise ValueError(
                f"'{name}' learns '{supervision.output}', which is no output; got {outputs}"
            )
    check_one_a_row("prediction", {x: predictions[x] for x in (*supervised, *outputs)})


def check_one_a_row(kind: str, values: Mapping[str, tf.Tensor]) -> None:
    """Checks that values are numbers of rows: [B, 1] and a scalar would go unseen in sums.

    Args:
      kind: what they are, for the error.
      values: by name, of B rows.

    Raises:
      ValueError: names the first that is none, its shape and the one wanted.
    """
    for name, value in values.items():
        if value.shape.rank != 1:
            raise ValueError(
                f"the {kind} '{name}' has the shape {value.shape}; want one number a row, [B]"
            )
