"""The optimizers of a model whose variables are trained in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from models.config import TrainingConfig
from models.optimizers import make_group_optimizer, make_optimizer
from models.schedule import Phase
from models.steps.parameter_groups import ParameterGroup


class GroupedOptimizers:
    """The main optimizer, and one for every group of variables; `start` makes them.

    It is no part of what Keras and checkpoints track: a model has the optimizers as attributes
    of its own.

    Args:
      training: how the model is trained.
      groups: the variables with an optimizer, a rate or rows of their own; no variable is in two.

    Attributes:
      main: the optimizer of all variables that are in no group.
      of_groups: the groups' optimizers, in their order.

    Raises:
      ValueError: a variable is in two groups, or twice in one.
    """

    main: keras.optimizers.Optimizer
    of_groups: list[keras.optimizers.Optimizer]

    def __init__(self, training: TrainingConfig, groups: Sequence[ParameterGroup]) -> None:
        self._training = training
        self._groups = tuple(groups)
        seen: set[int] = set()
        for variable in (v for group in self._groups for v in group.variables):
            if id(variable) in seen:
                raise ValueError(
                    f"the variable '{variable.name}' is in the parameter groups twice; a variable "
                    "has one optimizer, so leave it in one group"
                )
            seen.add(id(variable))

    def start(self, variables: Iterable[tf.Variable], learning_rate: float | None = None) -> None:
        """Makes fresh optimizers; call it inside the strategy's scope.

        Args:
          variables: all that train.
          learning_rate: the main one's rate; None for the training's.
        """
        grouped = {id(v) for group in self._groups for v in group.variables}
        self.main = make_optimizer(self._training, learning_rate or self._training.learning_rate)
        self.main.build([v for v in variables if id(v) not in grouped])
        self.of_groups = []
        for group in self._groups:
            optimizer = make_group_optimizer(self._training, group.learning_rate, group.optimizer)
            optimizer.build(group.variables)
            self.of_groups.append(optimizer)

    def decay(self, phase: Phase, epochs: int) -> None:
        """Sets all learning rates to those after this many epochs of a phase."""
        rates = [phase.learning_rate or self._training.learning_rate]
        rates += [group.learning_rate for group in self._groups]
        factor = self._training.learning_rate_decay**epochs
        for optimizer, rate in zip([self.main, *self.of_groups], rates, strict=True):
            optimizer.learning_rate = rate * factor

    @property
    def holdout_variables(self) -> set[int]:
        """The ids of the variables that learn from the rows that are held out."""
        groups = [group for group in self._groups if group.rows == "holdout"]
        return {id(v) for group in groups for v in group.variables}

    def apply(self, gradients: Iterable[Any], variables: Iterable[tf.Variable]) -> None:
        """Steps every optimizer with its variables; they sum over the replicas first.

        Args:
          gradients: this replica's share; None where a variable has none.
          variables: those that they are of: all that train now.
        """
        left = {id(v): (gradient, v) for gradient, v in zip(gradients, variables, strict=True)}
        for group, optimizer in zip(self._groups, self.of_groups, strict=True):
            pairs = [left.pop(id(v)) for v in group.variables if id(v) in left]
            if pairs:
                optimizer.apply_gradients(pairs)
        self.main.apply_gradients(left.values())
