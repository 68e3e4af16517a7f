"""The hyper-parameters of AESM2."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from models.config import ModelConfig, NonNegative, Units

_Pool = Annotated[int, pydantic.Field(ge=2)]


class AESM2Config(ModelConfig):
    """Hyper-parameters of AESM2; sizes, weights and the noise are ours, none of them is public.

    Attributes:
      name: the registered name.
      scenario_experts: N, experts of a scenario level, at least 2.
      scenario_levels: levels of experts that scenarios select from.
      expert_units: widths of their layers.
      task_experts: N, experts of a task level, at least 2.
      task_levels: levels of experts that labels select from.
      task_expert_units: widths of their layers.
      top_specific: experts that a row selects as those of its scenario (of a label).
      top_shared: experts that it selects as those of all scenarios (labels). They can be the same
        as the former; at most top_specific + top_shared are mixed.
      noise_scale: in training the scores that experts are selected by have Gaussian noise with
        this standard deviation times N; 0 for none.
      specific_weight: of the loss that makes the selected specific experts more so; 0 for none.
      shared_weight: of the loss that makes the selected shared experts more so; 0 for none.
      tower_units: widths of a tower's hidden layers.
      towers: one a `task` (the paper's), or one a `scenario_task`.
    """

    name: str = "aesm2"
    scenario_experts: _Pool = 6
    scenario_levels: pydantic.PositiveInt = 1
    expert_units: Units = pydantic.Field((64, 32), min_length=1)
    task_experts: _Pool = 6
    task_levels: pydantic.PositiveInt = 1
    task_expert_units: Units = pydantic.Field((32,), min_length=1)
    top_specific: pydantic.NonNegativeInt = 2
    top_shared: pydantic.NonNegativeInt = 2
    noise_scale: NonNegative = 0.05
    specific_weight: NonNegative = 0.01
    shared_weight: NonNegative = 0.01
    tower_units: Units = (32,)
    towers: Literal["task", "scenario_task"] = "task"

    @pydantic.model_validator(mode="after")
    def _experts_are_selected(self) -> AESM2Config:
        fewest = min(self.scenario_experts, self.task_experts)
        for name in ("top_specific", "top_shared"):
            if getattr(self, name) > fewest:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, and a level has {fewest} experts to select "
                    f"from; want at most {fewest}"
                )
        if not self.top_specific + self.top_shared:
            raise ValueError(
                "top_specific and top_shared are both 0, so that no expert is selected; give at "
                "least one of them 1"
            )
        return self
