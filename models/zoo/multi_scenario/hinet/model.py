"""HiNet: experts of scenarios that attend to one another, then experts of tasks."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from models.architecture import Architecture
from models.explanation import Axis, Explanation
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates
from models.layers.cgc import CGC
from models.layers.own_scenario import own_of_stack
from models.layers.towers import Towers
from models.registry import register
from models.zoo.multi_scenario.hinet.config import HiNetConfig
from models.zoo.multi_scenario.hinet.scenario_attention import ScenarioAttention
from schemas.task_graph import TaskGraph


@register("hinet", HiNetConfig)
class HiNet(Architecture):
    """Hierarchical information extraction Network (Zhou et al., ICDE 2023, arXiv 2303.06095).

    For a row of scenario k, x being all fields and numbers side by side,

        (1) sub-expert integration     SEI(x) = sum_n softmax(W x)_n Q_n(x)
        (2) shared and own expert      G = SEI_shared(x),  S_j = SEI_j(x) of every scenario j
        (3) other scenarios            A = sum_{j != k} a_kj S_j    (`ScenarioAttention`)
        (4) scenario level             C = [A; S_k; G]
        (5) task level                 T_m = sum_i softmax(W_km C)_i E_i(C)    (`CGC`)
        (6) prediction                 P_m = sigmoid(t_km(T_m) + offset_m)

    where Q_n, E_i and t_km are perceptrons, and label m's E_i are its own experts and those that
    labels share. All of (5) and (6) is private to a scenario, which learns from its own rows only.

    Ours: the sizes (see `HiNetConfig`); `task_level: task` and `stop_cross_gradient`; with one
    scenario there is no A, and C = [S_k; G]; with two a_kj is 1, and nothing is learned of it.

    Cost, by the paper's form: every row is computed by all K experts of (2), since A reads them.
    The private parts of (5) and (6) are stacked products of which the row's own is selected.
    """

    def __init__(self, config: HiNetConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._stops = config.stop_cross_gradient
        units, l2 = config.expert_units, config.kernel_l2
        regular: dict[str, Any] = {
            "dropout": config.dropout,
            "kernel_l2": l2,
            "deviation_l2": config.deviation_l2,
        }
        self._shared = CGC(1, 0, config.sub_experts, units, name="scenario_shared", **regular)
        self._private = CGC(
            1, config.sub_experts, 0, units, self.scenarios, name="scenario_private", **regular
        )
        self._attention = None
        if self.scenarios > 1:
            self._attention = ScenarioAttention(
                self.scenarios,
                config.embedding_dim,
                config.embedding_stddev,
                config.attention_units,
                l2,
            )
        scenarios = self.scenarios if config.task_level == "scenario_task" else None
        self._tasks = CGC(
            len(self.labels),
            config.task_experts,
            config.task_shared_experts,
            config.task_expert_units,
            scenarios,
            private_shared=True,
            name="task_level",
            **regular,
        )
        self._towers = Towers(len(self.labels), config.tower_units, scenarios, **regular)

    def scenario_level(self, features: Features, training: bool = False) -> tf.Tensor:
        """Returns C of every row, (1) to (4), compute dtype [B, 3 h]; of one scenario [B, 2 h]."""
        x, scenario = features.flat(), features.scenario
        inputs = x[tf.newaxis]
        shared, _ = self._shared(inputs, x, scenario, training=training)
        private, _ = self._private(inputs, x, scenario, training=training, all_scenarios=True)
        private = tf.squeeze(private, 1)
        parts = [own_of_stack(private, scenario), shared[0]]
        if self._attention is not None:
            weights = tf.cast(tf.transpose(self._attention(scenario)), x.dtype)
            others = tf.stop_gradient(private) if self._stops else private
            parts = [tf.reduce_sum(weights[:, :, tf.newaxis] * others, axis=0), *parts]
        return tf.concat(parts, axis=1)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        mixed = self.scenario_level(features, training)
        hidden, _ = self._tasks(mixed[tf.newaxis], mixed, features.scenario, training=training)
        logits = self._towers(hidden, scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `scenario_gates_shared`, `scenario_gates_private`, and labels' `task_gates`."""
        scenario, x = features.scenario, features.flat()[tf.newaxis]
        mixed = self.scenario_level(features)[tf.newaxis]
        return {
            "scenario_gates_shared": self._shared.expert_gates(x, scenario),
            "scenario_gates_private": self._private.expert_gates(x, scenario),
            "task_gates": self._tasks.expert_gates(mixed, scenario, self.label_axis),
        }

    def explain(self, features: Features) -> dict[str, Explanation]:
        """Returns `attention` [K, K], a of every scenario, where there are several."""
        if self._attention is None:
            return {}
        weights = self._attention.weights_by_scenario().numpy()
        others = Axis("to_scenario", self.layout.scenarios)
        return {"attention": Explanation(weights, (self.scenario_axis, others))}
