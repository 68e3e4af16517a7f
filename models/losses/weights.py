"""The weights of the outputs' losses, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from common.settings import SettingsError
from models.config import ModelConfig
from models.initial_biases import check_outputs
from models.losses.predictions import supervised_outputs
from models.registry import architecture
from schemas.task_graph import TaskGraph

_KEY = "training.loss_weights"


def check_loss_weights(weights: Mapping[str, float], outputs: tuple[str, ...]) -> None:
    """Refuses weights of outputs without a loss, and weights that leave no loss.

    Args:
      weights: output -> weight, at least 0; 1 for outputs that are not named.
      outputs: those that have a loss.

    Raises:
      SettingsError: names the nearest output, or says that every weight is 0.
    """
    check_outputs(_KEY, weights, outputs)
    if all(weights.get(output, 1.0) == 0 for output in outputs):
        raise SettingsError(
            f"{_KEY}: every output's weight is 0 ({', '.join(outputs)}): nothing would be "
            "learned; give at least one a weight above 0"
        )


def weighed_labels(
    weights: Mapping[str, float], outputs: Iterable[str], tasks: TaskGraph
) -> tuple[str, ...]:
    """Returns the conditional outputs of the labels that are learned, in the labels' order.

    Those are the labels whose value decides on the target of an output with a weight above 0: a
    loss on click and conversion together teaches both.

    Args:
      weights: output -> weight, at least 0; 1 for outputs that are not named.
      outputs: those that have a loss.
      tasks: the labels.
    """
    losses = {output for output in outputs if weights.get(output, 1.0) > 0}
    learned = {label for x in tasks.outputs if x.name in losses for label in x.target}
    return tuple(tasks.conditional(x.name).name for x in tasks.labels if x.name in learned)


def check_loss_weights_of(
    weights: Mapping[str, float], model: ModelConfig, tasks: TaskGraph
) -> None:
    """The same of a model that does not exist yet.

    Args:
      weights: output -> weight.
      model: its settings, which decide on the outputs that have a loss.
      tasks: the labels.

    Raises:
      SettingsError: as `check_loss_weights`; of an output that other models have a loss on, it
        says those of this one.
    """
    supervisions = architecture(model.name).supervisions(model, tasks)
    outputs = supervised_outputs(supervisions.values())
    for name in weights:
        if name not in outputs and name in {output.name for output in tasks.outputs}:
            raise SettingsError(
                f"{_KEY}: '{model.name}' has no loss on '{name}' to weigh; it has one on "
                f"{', '.join(outputs)}"
            )
    check_loss_weights(weights, outputs)
