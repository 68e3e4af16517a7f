"""PLE: levels of experts that are shared and experts of a task's own."""

from __future__ import annotations

from typing import Literal

import pydantic
import tensorflow as tf

from models.architecture import Architecture
from models.config import ModelConfig, Units
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.gates import Gates
from models.layers.cgc import CGC
from models.layers.towers import Towers
from models.registry import register
from schemas.task_graph import TaskGraph


class PLEConfig(ModelConfig):
    """Hyper-parameters of PLE.

    Attributes:
      name: the registered name.
      levels: extraction levels; 1 is the paper's CGC.
      shared_experts: experts that all tasks share, on every level.
      specific_experts: experts of a task's own, on every level; 0 makes one level an MMoE.
      expert_units: widths of an expert's layers, on every level.
      tower_units: widths of a tower's hidden layers.
      gates: own experts, gate and tower a `task`, or a `scenario_task`.
    """

    name: str = "ple"
    levels: pydantic.PositiveInt = 1
    shared_experts: pydantic.PositiveInt = 2
    specific_experts: pydantic.NonNegativeInt = 1
    expert_units: Units = pydantic.Field((64, 32), min_length=1)
    tower_units: Units = (32,)
    gates: Literal["task", "scenario_task"] = "scenario_task"


@register("ple", PLEConfig)
class PLE(Architecture):
    """Progressive Layered Extraction (Tang et al., RecSys 2020, eq. 1 to 7).

    Level l mixes, for every task m, the task's own and the shared experts' outputs by a
    softmax gate on the task's representation x_m of the level before; on all levels but the
    last a gate over all experts makes the shared representation. x is all fields and
    numbers side by side,

        x_m^0 = x,  x_m^l = sum_j g_mj^l E_j(x^{l-1}),  P_m = sigmoid(t_m(x_m^L) + offset_m)

    The paper knows tasks only, which is `gates: task`. Our choice, `gates: scenario_task`:
    own experts, gates and towers are private to a (scenario, task); the shared experts are
    common to all scenarios, and the shared representation of a row mixes them with the
    experts of its own scenario. The sizes are ours: the paper states none that transfer.
    """

    def __init__(self, config: PLEConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        scenarios = self.scenarios if config.gates == "scenario_task" else None
        self._levels = [
            CGC(
                len(self.labels),
                config.specific_experts,
                config.shared_experts,
                config.expert_units,
                scenarios,
                pass_on=level + 1 < config.levels,
                dropout=config.dropout,
                kernel_l2=config.kernel_l2,
                deviation_l2=config.deviation_l2,
                name=f"level_{level}",
            )
            for level in range(config.levels)
        ]
        self._towers = Towers(
            len(self.labels),
            config.tower_units,
            scenarios,
            config.dropout,
            config.kernel_l2,
            deviation_l2=config.deviation_l2,
        )

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        shared = features.flat()
        hidden = shared[tf.newaxis]
        for level in self._levels:
            hidden, shared = level(hidden, shared, features.scenario, training=training)
        logits = self._towers(hidden, scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)

    def expert_gates(self, features: Features) -> dict[str, Gates]:
        """Returns `gates_LEVEL`, every label's over its own experts and the shared ones."""
        found, scenario = {}, features.scenario
        shared = features.flat()
        hidden = shared[tf.newaxis]
        for number, level in enumerate(self._levels):
            found[f"gates_{number}"] = level.expert_gates(hidden, scenario, self.label_axis)
            hidden, shared = level(hidden, shared, scenario)
        return found
