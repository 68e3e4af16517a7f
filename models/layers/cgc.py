"""One level of customized gate control."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tf_keras as keras

from models.explanation import Axis, numbered
from models.gates import Gates
from models.layers.own_scenario import check_knows_scenarios, own_of_stack
from models.layers.softmax import softmax
from models.layers.stacked_dense import StackedDense
from models.layers.stacked_mlp import StackedMLP


class CGC(keras.layers.Layer):
    """Experts of every task's own and experts that tasks share, mixed by a gate a task.

    Customized Gate Control (Tang et al., RecSys 2020, eq. 1 to 3). Task c mixes the outputs
    of its own n experts and of the m shared ones,

        h_c = sum_j g_cj E_j,  g_c = softmax(W_c x_c)

    and the shared path of a level that another follows mixes all experts. With `scenarios`
    the tasks' experts and gates are private to a scenario: all K are computed and the
    row's own is selected, so that a row trains no other scenario's. The gate of the shared
    path is then private too, since it weighs private experts (our choice).

    Args:
      tasks: C, the number of tasks.
      specific: n, experts of a task's own; 0 for none.
      shared: m, experts that the tasks share; 0 for none.
      units: widths of an expert's layers.
      scenarios: K, or None for a level that knows no scenarios.
      private_shared: whether the shared experts too are private to a scenario.
      pass_on: whether the shared path is computed, for a level to follow.
      gate_bias: whether the gates have a bias.
      dropout: see `StackedMLP`.
      kernel_l2: weight of the squared norm of the kernels.
      deviation_l2: of what is private to the scenarios, see `StackedDense`.
    """

    def __init__(
        self,
        tasks: int,
        specific: int,
        shared: int,
        units: tuple[int, ...],
        scenarios: int | None = None,
        private_shared: bool = False,
        pass_on: bool = False,
        gate_bias: bool = False,
        dropout: float = 0.0,
        kernel_l2: float = 0.0,
        name: str = "cgc",
        deviation_l2: float | None = None,
    ) -> None:
        super().__init__(name=name, autocast=False)
        self._by_scenario = scenarios is not None
        self._scenarios = scenarios
        self._private_shared = self._by_scenario and private_shared
        self._tasks = tasks
        self._sizes = (specific, shared)
        stack = () if scenarios is None else (scenarios,)
        pooled = None if scenarios is None else deviation_l2
        if specific:
            self._specific = StackedMLP(
                (*stack, tasks, specific), units, dropout, kernel_l2, "specific", pooled
            )
        if shared:
            owners = stack if private_shared else ()
            self._shared = StackedMLP(
                (*owners, shared),
                units,
                dropout,
                kernel_l2,
                "shared",
                pooled if private_shared else None,
            )

        def gate(stack: tuple[int, ...], experts: int, name: str) -> StackedDense:
            return StackedDense(
                stack,
                experts,
                None,
                kernel_l2,
                name,
                use_bias=gate_bias,
                deviation_l2=pooled,
            )

        # One expert has the weight 1, and a gate over it no gradient.
        self._gate = None
        if specific + shared > 1:
            self._gate = gate((*stack, tasks), specific + shared, "gates")
        self._shared_gate = None
        if pass_on:
            self._shared_gate = gate(stack, tasks * specific + shared, "shared_gate")

    @property
    def shared_kernel(self) -> tf.Variable:
        """The last kernels of the shared experts; known once the layer is built."""
        return self._shared.kernels[-1]

    def _own(self, values: tf.Tensor, scenario: tf.Tensor | None, everything: bool) -> tf.Tensor:
        if everything or not self._by_scenario:
            return values
        return own_of_stack(values, scenario)

    def gates(
        self, inputs: tf.Tensor, scenario: tf.Tensor | None, all_scenarios: bool = False
    ) -> tf.Tensor:
        """Returns the tasks' weights of their own and the shared experts, float32 [C, B, n+m].

        Those of every scenario, [K, C, B, n+m], with `all_scenarios`; see `call`.
        """
        if all_scenarios:
            check_knows_scenarios(self, self._by_scenario)
        if self._gate is None:
            stack = [self._scenarios] if all_scenarios else []
            return tf.ones([*stack, self._tasks, tf.shape(inputs)[-2], 1])
        logits = self._own(self._gate(inputs), scenario, all_scenarios)
        return softmax(tf.cast(logits, tf.float32), axis=-1)

    def expert_gates(
        self, inputs: tf.Tensor, scenario: tf.Tensor | None, tasks: Axis | None = None
    ) -> Gates:
        """Returns the tasks' gates; their own experts come first.

        Args:
          inputs: see `call`.
          scenario: int [B].
          tasks: C; None for the level of one task, whose gate has no axis then.
        """
        specific, shared = self._sizes
        weights = tf.transpose(self.gates(inputs, scenario), [1, 0, 2])
        common = [f"{self.name}_shared_{number}" for number in range(shared)]
        if tasks is None:
            weights = tf.squeeze(weights, 1)
            common = common if specific else [f"{self.name}_{number}" for number in range(shared)]
            names = np.array([*(f"{self.name}_{number}" for number in range(specific)), *common])
        else:
            own = [
                [f"{self.name}_{task}_{number}" for number in range(specific)]
                for task in tasks.entries
            ]
            names = np.array([[*of_task, *common] for of_task in own])
        return Gates(
            weights,
            () if tasks is None else (tasks,),
            numbered("expert", specific + shared),
            names,
            np.repeat([self._by_scenario, self._private_shared], self._sizes),
        )

    def call(
        self,
        inputs: tf.Tensor,
        shared_inputs: tf.Tensor,
        scenario: tf.Tensor | None,
        training: bool = False,
        all_scenarios: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Mixes the experts.

        Args:
          inputs: what the tasks' own experts and gates read, [C, B, in], or [1, B, in] where
            all read the same. With `all_scenarios` [K, C, B, in] or [K, 1, B, in] too, where
            every scenario reads its own.
          shared_inputs: what the shared experts and the shared path's gate read, [B, in]; with
            `all_scenarios` [K, B, in] too.
          scenario: int [B]; not read with `all_scenarios`.
          training: whether units are dropped.
          all_scenarios: whether every row is computed as if it were of every scenario, and not
            of its own only.

        Returns:
          The tasks' mixtures [C, B, units[-1]], and the shared path's [B, units[-1]] where
          the level passes it on; with `all_scenarios` [K, C, B, units[-1]] and
          [K, B, units[-1]].

        Raises:
          ValueError: `all_scenarios` of a level that knows no scenarios.
        """
        specific, shared = self._sizes
        gates = tf.cast(self.gates(inputs, scenario, all_scenarios), inputs.dtype)
        mixtures, experts = [], []
        if specific:
            found = self._specific(tf.expand_dims(inputs, -3), training=training)
            own = self._own(found, scenario, all_scenarios)
            mixtures.append(tf.einsum("...cbn,...cnbo->...cbo", gates[..., :specific], own))
            stack = own.shape[:-4]
            experts.append(tf.reshape(own, [*stack, self._tasks * specific, -1, own.shape[-1]]))
        if shared:
            common = self._shared(tf.expand_dims(shared_inputs, -3), training=training)
            if self._private_shared:
                common = self._own(common, scenario, all_scenarios)
            elif all_scenarios and common.shape.rank == 3:
                # The same experts of the same input, whatever the scenario.
                common = tf.repeat(common[tf.newaxis], self._scenarios, axis=0)
            mixtures.append(tf.einsum("...cbm,...mbo->...cbo", gates[..., specific:], common))
            experts.append(common)
        if self._shared_gate is None:
            return tf.add_n(mixtures), None
        logits = self._own(self._shared_gate(shared_inputs), scenario, all_scenarios)
        weights = tf.cast(softmax(tf.cast(logits, tf.float32)), inputs.dtype)
        passed_on = tf.einsum("...bn,...nbo->...bo", weights, tf.concat(experts, axis=-3))
        return tf.add_n(mixtures), passed_on
