"""All outputs of a task graph, composed from conditional probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from models.losses.log_odds import both, mixed
from models.losses.unclicked import unclicked_branches
from schemas.task_graph import TaskGraph


class LabelSpace:
    """Composes the outputs of a task graph, in one place for all architectures.

    The probability that a label and all its ancestors hold is the product along the
    chain, ``P(a, b, c) = P(a) P(b | a) P(c | b)`` (ESMM, SIGIR 2018, eq. 1): the graph
    says that a label depends on its past through its parent. The total probability of a
    label that does not need its parent (`after`) adds the way without it,
    ``P(c) = P(a, b) P(c | b) + (1 - P(a, b)) P(c | not a, b)``; see `models.losses.unclicked`.
    All of them are taken and returned as log-odds; see `models.losses.log_odds`.

    Args:
      tasks: the labels and their parents.
    """

    def __init__(self, tasks: TaskGraph) -> None:
        self._tasks = tasks
        self._unclicked = {branch.label: branch.name for branch in unclicked_branches(tasks)}

    @property
    def conditionals(self) -> tuple[str, ...]:
        """Names of the conditional outputs, in the order of the labels."""
        return tuple(self._tasks.conditional(label.name).name for label in self._tasks.labels)

    def compose(self, predictions: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every output of the task graph, float32 [B], in its order.

        Args:
          predictions: log-odds of every conditional output, and of every label with `after`
            those without its parents (`unclicked_branches`) or of its total; any output that
            is given here is kept as it is, and other names are left out.

        Raises:
          KeyError: one of them is missing.
        """
        ways = [*self.conditionals]
        for name, branch in self._unclicked.items():
            if self._tasks.total(name).name not in predictions:
                ways.append(branch)
        missing = [name for name in ways if name not in predictions]
        if missing:
            raise KeyError(f"no prediction of {', '.join(missing)}; got {list(predictions)}")
        found = {
            name: tf.cast(predictions[name], tf.float32)
            for name in (*ways, *(output.name for output in self._tasks.outputs))
            if name in predictions
        }
        joint: dict[str, tf.Tensor] = {}
        for label in self._tasks.labels:
            output = self._tasks.joint(label.name).name
            given = found[self._tasks.conditional(label.name).name]
            reached = None if label.parent is None else joint[label.parent]
            if output not in found:
                found[output] = given if reached is None else both(reached, given)
            joint[label.name] = found[output]
            total = self._tasks.total(label.name).name
            if reached is not None and label.name in self._unclicked and total not in found:
                found[total] = mixed(reached, given, found[self._unclicked[label.name]])
        return {output.name: found[output.name] for output in self._tasks.outputs}
