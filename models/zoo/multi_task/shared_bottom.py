"""Shared-Bottom: the simplest network of many scenarios and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pydantic
import tensorflow as tf

from models.architecture import Architecture
from models.config import Units
from models.feature_struct import Features
from models.features.inputs import InputLayout
from models.layers.stacked_mlp import StackedMLP
from models.layers.towers import Towers
from models.registry import register
from models.steps.gradient_rules.chosen import chosen_rule
from models.steps.gradient_rules.config import GradientRuleConfig
from models.steps.gradient_rules.rule import GradientRule
from schemas.task_graph import TaskGraph


class SharedBottomConfig(GradientRuleConfig):
    """Hyper-parameters of Shared-Bottom; its shared kernels are the bottom's.

    Attributes:
      name: the registered name.
      bottom_units: widths of the shared layers.
      tower_units: widths of a tower's hidden layers.
      towers: one tower a `task`, or one a `scenario_task`.
    """

    name: str = "shared_bottom"
    bottom_units: Units = (256, 128)
    tower_units: Units = (64,)
    towers: Literal["task", "scenario_task"] = "task"

    @pydantic.model_validator(mode="after")
    def _a_rule_needs_shared_kernels(self) -> SharedBottomConfig:
        if self.gradient_rule != "none" and not self.bottom_units:
            raise ValueError(
                f"gradient_rule is '{self.gradient_rule}' and bottom_units is empty, so that "
                "there is no shared kernel; write gradient_rule: none, or give the bottom layers"
            )
        return self


@register("shared_bottom", SharedBottomConfig)
class SharedBottom(Architecture):
    """``h = f(x)``, ``P_m = sigmoid(t_m(h) + offset_m)`` (Caruana, Machine Learning 28, 1997).

    x is all fields and numbers side by side. The scenario is a field among them where the
    schema gives its column a treatment; with `towers: scenario_task` every scenario has
    towers of its own besides, ``t_{k,m}``.
    """

    def __init__(self, config: SharedBottomConfig, layout: InputLayout, tasks: TaskGraph) -> None:
        super().__init__(config, layout, tasks)
        self._config = config
        self._bottom = StackedMLP(
            (), config.bottom_units, config.dropout, config.kernel_l2, name="bottom"
        )
        self._towers = Towers(
            len(self.labels),
            config.tower_units,
            self.scenarios if config.towers == "scenario_task" else None,
            config.dropout,
            config.kernel_l2,
            deviation_l2=config.deviation_l2,
        )

    def call(self, features: Features, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns the log-odds of every label given its parent, float32 [B]."""
        shared = self._bottom(features.flat(), training=training)
        logits = self._towers(shared, scenario=features.scenario, training=training)
        return self.by_label(logits + features.offset)

    def gradient_rule(self, outputs: Sequence[str]) -> GradientRule | None:
        """Makes the rule of the config, on the bottom's kernels."""
        return chosen_rule(
            self._config, outputs, self.layout.scenarios, lambda: self._bottom.kernels
        )
