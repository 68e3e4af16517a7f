"""All outputs of a task graph, composed from conditional probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from schemas.task_graph import TaskGraph


class LabelSpace:
    """Composes the outputs of a task graph, in one place for all architectures.

    The probability that a label and all its ancestors hold is the product along the
    chain, ``P(a, b, c) = P(a) P(b | a) P(c | b)`` (ESMM, SIGIR 2018, eq. 1): the graph
    says that a label depends on its past through its parent. The total probability of a
    label that does not need its parent (`after`) is the joint one, as if it never came
    without its parent, unless an architecture knows better and returns it.

    Args:
      tasks: the labels and their parents.
    """

    def __init__(self, tasks: TaskGraph) -> None:
        self._tasks = tasks

    @property
    def conditionals(self) -> tuple[str, ...]:
        """Names of the conditional outputs, in the order of the labels."""
        return tuple(self._tasks.conditional(label.name).name for label in self._tasks.labels)

    def compose(self, probabilities: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns every output of the task graph, float32 [B], in the graph's order.

        Args:
          probabilities: every conditional output; an output given here besides is kept
            as it is.

        Raises:
          KeyError: a conditional output is missing.
        """
        missing = [name for name in self.conditionals if name not in probabilities]
        if missing:
            raise KeyError(f"no probability of {', '.join(missing)}; got {list(probabilities)}")
        found = {name: tf.cast(value, tf.float32) for name, value in probabilities.items()}
        joint: dict[str, tf.Tensor] = {}
        for label in self._tasks.labels:
            output = self._tasks.joint(label.name).name
            given = found[self._tasks.conditional(label.name).name]
            product = given if label.parent is None else joint[label.parent] * given
            joint[label.name] = found.setdefault(output, product)
            found.setdefault(self._tasks.total(label.name).name, joint[label.name])
        return {output.name: found[output.name] for output in self._tasks.outputs}
