"""The four flows of information between scenario level and task level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.zoo.multi_scenario.autoifs.decoupled_dense import DecoupledDense

FLOWS = (
    "scenario_shared_to_task_shared",
    "scenario_specific_to_task_specific",
    "scenario_shared_to_task_specific",
    "scenario_specific_to_task_shared",
)
"""The flows in their order everywhere: sh -> sh, k -> m, sh -> m, k -> sh."""

_FROM_SHARED, _FROM_SPECIFIC = [0, 2], [1, 3]


class InformationFlows(keras.layers.Layer):
    """Scenario and task layers with low-rank private parts, as four flows (AutoIFS, WSDM 2026).

    With s(x), s_k(x) the shared and the private part of the scenario layers (before any
    activation), t(h), t_m(h) those of the task layers without their last biases b, b_m, and
    phi the activation between the two levels, the label's logit without gates is the paper's

        full_m = t(phi(s + s_k)) + t_m(phi(s + s_k)) + b + b_m

    `subtractive` flows are those of the published code, which subtracts them from it:

        f = t(s) + b,  t_m(s_k) + b_m,  t_m(s) + b_m,  t(s_k) + b

    They do not add up to full_m: each bias is there twice and phi is missing. `additive`
    flows, our choice, are what each path adds, so that they do:

        z = phi(s),  z' = phi(s + s_k)
        f = t(z) + b,  t_m(z') - t_m(z),  t_m(z) + b_m,  t(z') - t(z)

    The increment z' - z is exactly zero while s_k is, at the start, and yet has gradients
    wherever s is positive; phi(s_k) of its own would stay at ReLU's corner for ever. Its
    price: z' reads the shared scenario layers too, so that the specific flows keep them
    alive where both shared flows are pruned. With `activation: linear` and one scenario
    layer the increment is s_k alone.

    Args:
      scenarios: K.
      labels: C.
      scenario_units: widths of the scenario layers, at least one.
      task_units: widths of the task layers before the one that gives the logit.
      rank: r of all private parts.
      fusion: which flows.
      activation: phi.
      kernel_l2: weight of the squared norms of all kernels.
    """

    def __init__(
        self,
        scenarios: int,
        labels: int,
        scenario_units: tuple[int, ...],
        task_units: tuple[int, ...],
        rank: int,
        fusion: Literal["additive", "subtractive"] = "additive",
        activation: Literal["relu", "linear"] = "relu",
        kernel_l2: float = 0.0,
        name: str = "flows",
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._scenarios = scenarios
        self._labels = labels
        self._fusion = fusion
        self._biases: dict[str, tf.Variable] = {}
        self._phi = keras.activations.get(activation)
        self._scenario = DecoupledDense(
            scenarios, scenario_units, rank, kernel_l2=kernel_l2, name="scenario"
        )
        self._task = DecoupledDense(
            labels, (*task_units, 1), rank, last_bias=False, kernel_l2=kernel_l2, name="task"
        )

    def build(self, input_shape: tf.TensorShape) -> None:
        """Makes the last biases, zero: each belongs to one flow, not to its kernel."""
        for name, size in (("shared", 1), ("private", self._labels)):
            self._biases[name] = self.add_weight(
                f"task_{name}_bias", (size,), initializer="zeros", experimental_autocast=False
            )
        super().build(input_shape)

    def call(
        self, inputs: tf.Tensor, scenario: tf.Tensor, built: np.ndarray | None = None
    ) -> tuple[tf.Tensor, dict[int, tf.Tensor]]:
        """Returns what the flows start from, float32 [B, C], and the flows.

        Args:
          inputs: [B, in].
          scenario: int [B].
          built: which flows of which labels are wanted, bool [C, 4]; None for all. Of those
            that no label wants nothing is computed.

        Returns:
          full_m for subtractive flows, zero for additive ones; and by position in `FLOWS`
          every flow that some label wants, float32 [B, C], or [B, 1] where it is the same
          for all labels. A label that does not want it has anything finite there.
        """
        if built is None:
            built = np.ones((self._labels, len(FLOWS)), bool)
        own = tf.one_hot(scenario, self._scenarios)
        if self._fusion == "subtractive":
            return self._subtractive(inputs, own, built)
        return tf.zeros([tf.shape(inputs)[0], self._labels]), self._additive(inputs, own, built)

    def _additive(
        self, inputs: tf.Tensor, own: tf.Tensor, built: np.ndarray
    ) -> dict[int, tf.Tensor]:
        wanted = built.any(axis=0)
        flows: dict[int, tf.Tensor] = {}
        before = after = None
        if wanted[_FROM_SPECIFIC].any():
            shared, private = self._scenario(inputs, own=own)
            before, after = self._phi(shared), self._phi(shared + private)
        elif wanted[_FROM_SHARED].any():
            before = self._phi(self._scenario.shared(inputs))
        if wanted[0]:
            flows[0] = self._task.shared(before) + self._biases["shared"]
        if wanted[1]:
            flows[1] = self._change(lambda x: self._private(x, built[:, 1]), before, after)
        if wanted[2]:
            flows[2] = self._private(before, built[:, 2]) + self._biases["private"]
        if wanted[3]:
            flows[3] = self._change(self._task.shared, before, after)
        return flows

    def _change(
        self, layers: Callable[[tf.Tensor], tf.Tensor], before: tf.Tensor, after: tf.Tensor
    ) -> tf.Tensor:
        """What task layers make of a change of their input; of one layer it is one product."""
        if self._task.linear:
            return layers(after - before)
        return layers(after) - layers(before)

    def _subtractive(
        self, inputs: tf.Tensor, own: tf.Tensor, built: np.ndarray
    ) -> tuple[tf.Tensor, dict[int, tf.Tensor]]:
        shared, private = self._scenario(inputs, own=own)
        both = self._phi(shared + private)
        everyone = np.ones(self._labels, bool)
        full = self._task.shared(both) + self._private(both, everyone)
        sources = (shared, private, shared, private)
        flows = {}
        for flow in np.flatnonzero(built.any(axis=0)).tolist():
            if flow in (0, 3):
                flows[flow] = self._task.shared(sources[flow]) + self._biases["shared"]
            else:
                flows[flow] = self._private(sources[flow], built[:, flow]) + self._biases["private"]
        return full + self._biases["shared"] + self._biases["private"], flows

    def _private(self, inputs: tf.Tensor, wanted: np.ndarray) -> tf.Tensor:
        """The private parts of the labels that are wanted, [B, C]; zero for the others."""
        if wanted.all():
            return tf.transpose(tf.squeeze(self._task.private(inputs), -1))
        members = np.flatnonzero(wanted).tolist()
        found = tf.transpose(tf.squeeze(self._task.private(inputs, members=members), -1))
        columns = [members.index(c) if c in members else len(members) for c in range(len(wanted))]
        return tf.gather(tf.pad(found, [[0, 0], [0, 1]]), columns, axis=1)
