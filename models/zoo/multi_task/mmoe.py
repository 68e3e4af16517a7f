"""MMoE: shared experts, mixed by a gate for every task or (scenario, task)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pydantic
import tensorflow as tf

from models.architecture import Architecture
from models.config import Units
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates, over_shared
from models.layers.own_scenario import own_scenario
from models.layers.softmax_gate import SoftmaxGate
from models.layers.stacked_mlp import StackedMLP
from models.layers.towers import Towers
from models.registry import register
from models.steps.gradient_rules.chosen import chosen_rule
from models.steps.gradient_rules.config import GradientRuleConfig
from models.steps.gradient_rules.rule import GradientRule
from schemas.task_graph import TaskGraph


class MMoEConfig(GradientRuleConfig):
    """Hyper-parameters of MMoE; its shared kernels are the experts'.

    Attributes:
      name: the registered name.
      experts: number of experts, all shared.
      expert_units: widths of an expert's layers.
      tower_units: widths of a tower's hidden layers.
      gates: one gate and tower a `task`, or one a `scenario_task`.
    """

    name: str = "mmoe"
    experts: pydantic.PositiveInt = 4
    expert_units: Units = pydantic.Field((128, 64), min_length=1)
    tower_units: Units = (32,)
    gates: Literal["task", "scenario_task"] = "scenario_task"


@register("mmoe", MMoEConfig)
class MMoE(Architecture):
    """Multi-gate Mixture-of-Experts (Ma et al., KDD 2018, eq. 6 and 7).

    For task m of a row of scenario k, x being all fields and numbers side by side,

        g = softmax(W_{k,m} x),  P_m = sigmoid(t_{k,m}(sum_n g_n f_n(x)) + offset_m)

    with experts f_n that all scenarios and tasks share. With `gates: task` W and t do not
    depend on k, which is the paper's own model.
    """

    def __init__(self, config: MMoEConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        self._gates_by_scenario = config.gates == "scenario_task"
        self._experts = StackedMLP(
            (config.experts,),
            config.expert_units,
            config.dropout,
            config.kernel_l2,
            name="experts",
        )
        gates = len(self.labels) * (self.scenarios if self._gates_by_scenario else 1)
        self._gate = SoftmaxGate(gates, config.experts, config.kernel_l2)
        self._towers = Towers(
            len(self.labels),
            config.tower_units,
            self.scenarios if self._gates_by_scenario else None,
            config.dropout,
            config.kernel_l2,
            deviation_l2=config.deviation_l2,
        )

    def gates(self, features: Features) -> tf.Tensor:
        """Returns the weights of the experts for every label, float32 [B, C, experts]."""
        weights = self._gate(features.flat())
        if not self._gates_by_scenario:
            return weights
        _, gates, experts = weights.shape
        stacked = [-1, self.scenarios, gates // self.scenarios, experts]
        return own_scenario(tf.reshape(weights, stacked), features.scenario)

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        experts = self._experts(features.flat()[tf.newaxis], training=training)
        gates = tf.cast(self.gates(features), experts.dtype)
        mixed = tf.einsum("bcn,nbo->cbo", gates, experts)
        logits = self._towers(mixed, scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)

    def gradient_rule(self, outputs: Sequence[str]) -> GradientRule | None:
        """Makes the rule of the config, on the experts' kernels."""
        return chosen_rule(
            self._config, outputs, self.layout.scenarios, lambda: self._experts.kernels
        )

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `gates`, every label's over the experts."""
        return {"gates": over_shared(self.gates(features), self.label_axis)}
