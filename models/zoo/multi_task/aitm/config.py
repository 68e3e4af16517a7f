"""The hyper-parameters of AITM."""

from __future__ import annotations

from typing import Literal

import pydantic

from models.config import ModelConfig, NonNegative, Units


class AITMConfig(ModelConfig):
    """Hyper-parameters of AITM; widths and the calibrator's weight are those of the official code.

    Attributes:
      name: the registered name.
      tower_units: widths of a tower's layers; the last is d, the width of what is transferred.
      towers: towers, transfers and last layers a `task` (the paper's), or a `scenario_task`.
      calibrator_weight: of the calibrator's loss; 0 for none.
    """

    name: str = "aitm"
    tower_units: Units = pydantic.Field((128, 64, 32), min_length=1)
    towers: Literal["task", "scenario_task"] = "task"
    calibrator_weight: NonNegative = 0.6
