"""All outputs of a task graph, composed from conditional probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from models.losses.unclicked import total_probability, unclicked_branches
from schemas.task_graph import TaskGraph


class LabelSpace:
    """Composes the outputs of a task graph, in one place for all architectures.

    The probability that a label and all its ancestors hold is the product along the
    chain, ``P(a, b, c) = P(a) P(b | a) P(c | b)`` (ESMM, SIGIR 2018, eq. 1): the graph
    says that a label depends on its past through its parent. The total probability of a
    label that does not need its parent (`after`) adds the way without it,
    ``P(c) = P(a, b, c) + (1 - P(a, b)) P(c | not a, b)``; see `models.losses.unclicked`.

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

    def compose(self, probabilities: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns every output of the task graph, float32 [B], in the graph's order.

        Args:
          probabilities: every conditional output, and of every label with `after` its
            probability without its parents (`unclicked_branches`) or its total; any
            output that is given here is kept as it is.

        Raises:
          KeyError: one of them is missing.
        """
        ways = [*self.conditionals]
        for name, branch in self._unclicked.items():
            if self._tasks.total(name).name not in probabilities:
                ways.append(branch)
        missing = [name for name in ways if name not in probabilities]
        if missing:
            raise KeyError(f"no probability of {', '.join(missing)}; got {list(probabilities)}")
        found = {name: tf.cast(value, tf.float32) for name, value in probabilities.items()}
        joint: dict[str, tf.Tensor] = {}
        for label in self._tasks.labels:
            output = self._tasks.joint(label.name).name
            given = found[self._tasks.conditional(label.name).name]
            product = given if label.parent is None else joint[label.parent] * given
            joint[label.name] = found.setdefault(output, product)
            total = self._tasks.total(label.name).name
            if label.parent is not None and label.name in self._unclicked and total not in found:
                found[total] = total_probability(
                    joint[label.name], joint[label.parent], found[self._unclicked[label.name]]
                )
        return {output.name: found[output.name] for output in self._tasks.outputs}
