"""The hyper-parameters of AITM."""

from __future__ import annotations

from typing import Annotated, Literal

import pydantic

from models.config import ModelConfig, NonNegative, Units


class AITMConfig(ModelConfig):
    """Hyper-parameters of AITM; widths and the calibrator's weight are those of the official code.

    Attributes:
      name: the registered name.
      tower_units: widths of a tower's layers; the last is d, the width of what is transferred.
      towers: towers, transfers and last layers per `task` (the paper's), or per `scenario_task`.
      calibrator_weight: of the calibrator's loss; 0 for none.
      conditional_ceiling: the largest P(label | parent) that is served (ours). Nothing trains this
        quotient of two towers, and where they contradict each other it would be 1 or more. With
        c, a row whose parent holds and whose label does not costs at most ``-log(1 - c)`` nats:
        3.0 at .95, 4.6 at .99. Raise it for a label that nearly always follows its parent;
        `at_ceiling` in `explain.json` is the share of rows that it changes.
    """

    name: str = "aitm"
    tower_units: Units = pydantic.Field((128, 64, 32), min_length=1)
    towers: Literal["task", "scenario_task"] = "task"
    calibrator_weight: NonNegative = 0.6
    conditional_ceiling: Annotated[float, pydantic.Field(gt=0, lt=1, allow_inf_nan=False)] = 0.95
