"""The hyper-parameters of HiNet."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.config import ModelConfig, Units


class HiNetConfig(ModelConfig):
    """Hyper-parameters of HiNet; the defaults are smaller than those of the published code.

    The published code has 5 sub-experts of 128 and 64 units, (K + 1) 5 of which are computed for
    every row; experts of tasks and towers of 128 and 64; e = 32, dropout .5 and an L2 weight
    of .05.

    Attributes:
      name: the registered name.
      sub_experts: of every expert of the scenario level.
      expert_units: widths of a sub-expert's layers; the last is h.
      attention_units: widths of the hidden layers that weigh the other scenarios.
      task_shared_experts: m, experts of the task level that all labels share.
      task_experts: n, experts of the task level that belong to one label.
      task_expert_units: widths of the task level's experts.
      tower_units: widths of a tower's hidden layers.
      task_level: its experts, gates and towers are private to a `scenario_task`, as the published
        code's heads are, or to a `task`, for all scenarios alike.
      stop_cross_gradient: whether an expert of the scenario level learns from rows of its own
        scenario only (ours). Without it, rows of scenarios that attend to it train it too.
    """

    name: str = "hinet"
    sub_experts: pydantic.PositiveInt = 2
    expert_units: Units = pydantic.Field((64, 32), min_length=1)
    attention_units: Units = (16,)
    task_shared_experts: pydantic.PositiveInt = 2
    task_experts: pydantic.PositiveInt = 2
    task_expert_units: Units = pydantic.Field((32,), min_length=1)
    tower_units: Units = (32,)
    task_level: Literal["task", "scenario_task"] = "scenario_task"
    stop_cross_gradient: bool = False
