"""Variables that are trained differently from the rest."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import tensorflow as tf

from models.config import OptimizerName


@dataclasses.dataclass(frozen=True)
class ParameterGroup:
    """Variables with an optimizer of their own.

    Attributes:
      variables: the trainable variables.
      learning_rate: their rate.
      optimizer: their optimizer; None for the training's.
      rows: the rows whose losses they learn from. With an architecture's `holdout_share` above
        0, `holdout` are the rows that are held out and `train` all others, as in bilevel
        optimisation; otherwise all rows train every group.
    """

    variables: Sequence[tf.Variable]
    learning_rate: float
    optimizer: OptimizerName | None = None
    rows: Literal["train", "holdout"] = "train"
