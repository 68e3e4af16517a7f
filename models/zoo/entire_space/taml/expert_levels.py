"""Experts of three levels, and the gates of the learners that mix them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP


class ExpertLevels(keras.layers.Layer):
    """What the learners of T tasks, N each, read: [B, in] -> [T, N, B, units[-1]].

    Learner k of task t sees ``E = shared + task + learner`` experts, in this order, and mixes them,

        z_tk = sum_e g_tke E_e(x),  g_tk = softmax(W_tk x + b_tk)

    All experts are perceptrons of one shape and one stack: the shared ones first, then those of
    every task, then those of every learner, task by task.

    Args:
      tasks: T.
      learners: N.
      shared: experts that all learners see.
      task: experts of a task's own, seen by its learners.
      learner: experts of a learner's own.
      units: widths of an expert's layers.
      dropout: fraction dropped after every layer of an expert, in training.
      kernel_l2: weight of the squared norm of the kernels.

    Attributes:
      visible: the experts of every learner, as positions in the stack, int [T, N, E].
      expert_names: of the whole stack: `shared_0`, `task_click_0`, `learner_click_1_0`.
      seen_names: of the E that a learner sees: `shared_0`, `task_0`, `learner_0`.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        learners: int,
        shared: int,
        task: int,
        learner: int,
        units: tuple[int, ...],
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str = "levels",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._learners = (len(tasks), learners)
        self._sizes = (shared, task, learner)
        of_tasks = [f"task_{name}" for name in tasks]
        of_learners = [f"learner_{name}_{k + 1}" for name in tasks for k in range(learners)]
        self.expert_names = (
            *_numbered(["shared"], shared),
            *_numbered(of_tasks, task),
            *_numbered(of_learners, learner),
        )
        self.seen_names = (
            *_numbered(["shared"], shared),
            *_numbered(["task"], task),
            *_numbered(["learner"], learner),
        )
        self.visible = self._visible()
        self._experts = StackedMLP(
            (len(self.expert_names),), units, dropout, kernel_l2, name="experts"
        )
        # One expert has the weight 1, and a gate over it no gradient.
        self._gate = None
        if sum(self._sizes) > 1:
            self._gate = StackedDense(self._learners, sum(self._sizes), None, kernel_l2, "gates")

    def _visible(self) -> np.ndarray:
        (tasks, learners), (shared, task, learner) = self._learners, self._sizes
        of_learners = shared + tasks * task
        found = np.empty([tasks, learners, sum(self._sizes)], np.int64)
        for t, k in np.ndindex(tasks, learners):
            own_task = shared + t * task + np.arange(task)
            own = of_learners + (t * learners + k) * learner + np.arange(learner)
            found[t, k] = [*range(shared), *own_task, *own]
        return found

    def gates(self, inputs: tf.Tensor) -> tf.Tensor:
        """Returns every learner's weights of the experts it sees, float32 [T, N, B, E]."""
        if self._gate is None:
            return tf.ones([*self._learners, tf.shape(inputs)[0], 1])
        # Float32, so that the weights sum to 1 in half precision too.
        return softmax(tf.cast(self._gate(inputs[tf.newaxis, tf.newaxis]), tf.float32))

    def call(self, inputs: tf.Tensor, gates: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Mixes the experts.

        Args:
          inputs: [B, in].
          gates: see `gates`.
          training: whether units are dropped.
        """
        (tasks, learners), (shared, task, learner) = self._learners, self._sizes
        experts = self._experts(inputs[tf.newaxis], training=training)
        width = experts.shape[-1]
        levels = tf.split(experts, [shared, tasks * task, tasks * learners * learner])
        weights = tf.split(tf.cast(gates, experts.dtype), self._sizes, axis=-1)
        mixtures = []
        if shared:
            mixtures.append(tf.einsum("tkbe,ebo->tkbo", weights[0], levels[0]))
        if task:
            of_task = tf.reshape(levels[1], [tasks, task, -1, width])
            mixtures.append(tf.einsum("tkbe,tebo->tkbo", weights[1], of_task))
        if learner:
            own = tf.reshape(levels[2], [tasks, learners, learner, -1, width])
            mixtures.append(tf.einsum("tkbe,tkebo->tkbo", weights[2], own))
        return tf.add_n(mixtures)


def _numbered(names: list[str], experts: int) -> list[str]:
    return [f"{name}_{e}" for name in names for e in range(experts)]
