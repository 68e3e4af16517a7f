"""AEM2TL: two levels of gated experts, personalised towers, five entire-space branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig
from models.explanation import Axis, Explanation, numbered, scenario_means
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates
from models.layers.cgc import CGC
from models.layers.personal_towers import PersonalTowers
from models.losses.entire_space import EntireSpace
from models.losses.unclicked import Branch
from models.registry import register
from models.steps.gradient_rules.gradnorm import GradNorm
from models.zoo.entire_space.aem2tl.branch_starts import BranchStarts
from models.zoo.entire_space.aem2tl.config import AEM2TLConfig
from schemas.task_graph import TaskGraph


@register("aem2tl", AEM2TLConfig)
class AEM2TL(Architecture):
    """Adaptive Entire-space Multi-scenario Multi-task Transfer Learning (TKDE 2025).

    The paper's parts, x being all fields and numbers side by side and k a row's scenario:

    1. Scenario-CGC: ``G = sum_e softmax(W_sh x + b_sh)_e Q_e(x)`` over the shared experts, S_k
       in the same way over the scenario's own ones, and ``M_k = [G; S_k]``.
    2. Task-CGC: T_kc mixes, for every branch c, the scenario's task-shared experts and the
       branch's own by ``softmax(W_kc M_k)``. All of its parameters are private to k.
    3. Towers a (scenario, branch); a personalised gate ``2 sigmoid(.)`` multiplies the input
       of every layer. It reads the prior fields, and the network behind a stopped gradient.
    4. Entire space: see `EntireSpace`. Losses on root, joint and total probabilities.
    5. Adaptive weights of these losses: see `GradNorm`, on the last kernel of the shared
       experts of 1.

    Our choices: everything a config field says, above all the sizes; the paper does not say
    which tensor a gate reads, T_kc (default) or x; the wide part and the base rate (the
    offset) of a label start both of its clicked branches, y2 and y5, and the label's rate in
    rows without a click starts y3 (`BranchStarts`); the loss on click and conversion besides
    that on the total (`losses`), without which the branches take each other's place.

    Cost: all K scenarios' own experts, task levels and towers are computed as stacked
    products and the row's own scenario is selected after each level, so that the work of
    the private parts is K times that of one scenario.
    """

    def __init__(self, config: AEM2TLConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        space = _space(config, tasks)
        self._space = space if config.entire_space else None
        plain = tuple(Branch(tasks.conditional(x.name).name, x.name) for x in tasks.labels)
        self.branches = space.branches if config.entire_space else plain
        self._gate_reads_task = config.gate_input == "task"
        self._gradnorm = None
        if config.adaptive_weights:
            self._gradnorm = (config.gradnorm_alpha, config.gradnorm_rate)
        self._rule: GradNorm | None = None
        labels = [label.name for label in tasks.labels]
        self._starts = BranchStarts(self.branches, labels, config.unclicked_initial_rate)
        self._make_levels(config)

    def start_unclicked(self, logits: Mapping[str, float]) -> None:
        """Starts the branches y3 at the log's own rates, unless the config has one."""
        self._starts.start(logits)

    def _make_levels(self, config: AEM2TLConfig) -> None:
        branches, scenarios = len(self.branches), self.scenarios
        regular: dict[str, Any] = {
            "dropout": config.dropout,
            "kernel_l2": config.kernel_l2,
            "deviation_l2": config.deviation_l2,
        }
        scenario_level = {"units": config.expert_units, "gate_bias": True, **regular}
        self._shared = CGC(1, 0, config.shared_experts, name="scenario_shared", **scenario_level)
        self._private = CGC(
            1,
            config.scenario_experts,
            0,
            scenarios=scenarios,
            name="scenario_private",
            **scenario_level,
        )
        self._task_level = CGC(
            branches,
            config.task_experts,
            config.task_shared_experts,
            config.task_expert_units,
            scenarios,
            private_shared=True,
            name="task_level",
            **regular,
        )
        self._towers = PersonalTowers(
            branches,
            scenarios,
            config.task_expert_units[-1],
            config.tower_units,
            config.gate_units,
            private_gates=config.personal_gates == "scenario_task",
            **regular,
        )

    @classmethod
    def outputs_with_loss(cls, config: ModelConfig, tasks: TaskGraph) -> tuple[str, ...]:
        """The entire-space outputs with a loss; without that module the conditional ones."""
        assert isinstance(config, AEM2TLConfig)
        if config.entire_space:
            return _space(config, tasks).supervised_outputs
        return super().outputs_with_loss(config, tasks)

    @property
    def totals(self) -> tuple[str, ...]:
        """The totals of labels with a branch y3."""
        return () if self._space is None else self._space.totals

    def gradient_rule(self, outputs: Sequence[str]) -> GradNorm | None:
        """Returns GradNorm over the outputs, on the shared scenario experts' last kernel."""
        if self._gradnorm is not None:
            alpha, rate = self._gradnorm
            self._rule = GradNorm(outputs, lambda: self._shared.shared_kernel, alpha, rate)
        return self._rule

    def scenario_level(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns M = [G; S_k] of every row, compute dtype [B, 2 expert_units[-1]]."""
        x, scenario = features.flat(), features.scenario
        shared, _ = self._shared(x[tf.newaxis], x, scenario, training=training)
        private, _ = self._private(x[tf.newaxis], x, scenario, training=training)
        return tf.concat([shared[0], private[0]], axis=1)

    def gate_inputs(self, features: Features, representations: tf.Tensor) -> tf.Tensor:
        """Returns what the personalised gates read, [C, B, g] or [1, B, g].

        Args:
          features: the rows.
          representations: T of every branch, [C, B, task_expert_units[-1]].
        """
        network = representations if self._gate_reads_task else features.flat()[tf.newaxis]
        priors = tf.repeat(features.priors[tf.newaxis], network.shape[0], axis=0)
        return tf.concat([priors, tf.stop_gradient(network)], axis=2)

    def _levels(
        self, features: Features, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns M, T and what the personalised gates read."""
        mixed = self.scenario_level(features, training)
        tasks, _ = self._task_level(mixed[tf.newaxis], mixed, features.scenario, training=training)
        return mixed, tasks, self.gate_inputs(features, tasks)

    def branch_log_odds(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every branch, float32 [B]."""
        _, tasks, gate_inputs = self._levels(features, training)
        logits = self._towers(tasks, gate_inputs, features.scenario, training=training)
        logits = self._starts((logits, features.offset))
        values = tf.unstack(logits, num=len(self.branches), axis=1)
        return {branch.name: value for branch, value in zip(self.branches, values, strict=True)}

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label's conditional and of its totals, float32 [B]."""
        values = self.branch_log_odds(features, training)
        return values if self._space is None else self._space.compose(values)

    @property
    def branch_axis(self) -> Axis:
        """The axis of explanations over the branches."""
        return Axis("branch", tuple(branch.name for branch in self.branches))

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `scenario_gates_shared`, `scenario_gates_private`, and branches' `task_gates`."""
        scenario, x = features.scenario, features.flat()[tf.newaxis]
        mixed = self.scenario_level(features)[tf.newaxis]
        return {
            "scenario_gates_shared": self._shared.expert_gates(x, scenario),
            "scenario_gates_private": self._private.expert_gates(x, scenario),
            "task_gates": self._task_level.expert_gates(mixed, scenario, self.branch_axis),
        }

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns the personalised gates, and the losses' weights.

        `personal_gates` [K, C, layers] are every scenario's means; `task_weights` [outputs].
        """
        _, _, gate_inputs = self._levels(features)
        factors = self._towers.gates(gate_inputs, features.scenario)
        personal = tf.stack([tf.reduce_mean(f, axis=2) for f in factors], axis=2)
        values = tf.cast(tf.transpose(personal, [1, 0, 2]), tf.float32).numpy()
        means = scenario_means(values, features.scenario.numpy(), self.scenarios)
        axes = (self.scenario_axis, self.branch_axis, numbered("layer", len(factors)))
        found = {"personal_gates": Explanation(means, axes)}
        if self._rule is not None:
            axis = Axis("output", self._rule.parts)
            found["task_weights"] = Explanation(self._rule.task_weights.numpy(), (axis,))
        return found


def _space(config: AEM2TLConfig, tasks: TaskGraph) -> EntireSpace:
    return EntireSpace(tasks, config.unclicked == "tower", config.losses == "total_and_joint")
