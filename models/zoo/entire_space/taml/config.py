"""The hyper-parameters of TAML."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.config import ModelConfig, NonNegative, Units


class TAMLConfig(ModelConfig):
    """Hyper-parameters of TAML; its published abstract states no sizes and no weights.

    Attributes:
      name: the registered name.
      learners: N, learners of a task. One learner is the fused score itself, without losses
        of its own.
      shared_experts: A, experts that all tasks share.
      task_experts: experts of a task's own, which its learners share.
      learner_experts: experts of a learner's own. Without them learners differ by their
        gates and towers alone.
      expert_units: widths of an expert's layers.
      tower_units: widths of a tower's hidden layers.
      towers: one tower for every learner of a `task` (the paper's), or of a `scenario_task`.
      fusion: the fused score is the learners' `mean` probability, or a mean that a gate over
        the inputs weighs, `gated`.
      loss_space: `entire` has losses on the joint outputs, click and click_and_conversion, and
        `conditional` on click and conversion_given_click; of the fused score and of learners.
      learner_weight: lambda_1, of the learners' own losses; 0 for none.
      distillation: lambda_2, of the loss by which the fused score teaches the learners; 0 for
        none.
      distill_space: the rows in which it teaches a label: every `impression`, or those where
        the label's parents hold (`click`). A label without a parent is taught in all.
    """

    name: str = "taml"
    learners: pydantic.PositiveInt = 3
    shared_experts: pydantic.NonNegativeInt = 4
    task_experts: pydantic.NonNegativeInt = 1
    learner_experts: pydantic.NonNegativeInt = 1
    expert_units: Units = pydantic.Field((64, 32), min_length=1)
    tower_units: Units = (32,)
    towers: Literal["task", "scenario_task"] = "task"
    fusion: Literal["mean", "gated"] = "mean"
    loss_space: Literal["entire", "conditional"] = "entire"
    learner_weight: NonNegative = 1.0
    distillation: NonNegative = 0.5
    distill_space: Literal["impression", "click"] = "impression"

    @pydantic.model_validator(mode="after")
    def _a_learner_sees_an_expert(self) -> TAMLConfig:
        if not self.shared_experts + self.task_experts + self.learner_experts:
            raise ValueError(
                "shared_experts, task_experts and learner_experts are all 0, so that a tower has "
                "nothing to read; give at least one level an expert"
            )
        return self
