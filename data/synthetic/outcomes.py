"""What happened to impressions: labels drawn from their logits."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from data.synthetic.config import WorldConfig
from data.synthetic.logits import Logits, sigmoid
from data.synthetic.population import Columns

Array = npt.NDArray[np.float64]

CONVERSION_DELAY_HOURS = 6.0


@dataclasses.dataclass(frozen=True)
class Chances:
    """What chance adds to N impressions.

    Attributes:
      hidden: [N], the hidden factor times its weight.
      uniform: [4, N]: of click, action, conversion after a click and without one; something
        happens where it is below its probability.
      delay: [N], hours from a click to its conversion.
    """

    hidden: Array
    uniform: Array
    delay: Array

    @classmethod
    def draw(cls, rows: int, config: WorldConfig, rng: np.random.Generator) -> Chances:
        """Draws them for `rows` impressions."""
        return cls(
            hidden=config.confounding * rng.standard_normal(rows),
            uniform=rng.random((4, rows)),
            delay=rng.exponential(CONVERSION_DELAY_HOURS, rows),
        )


def outcomes(logits: Logits, chances: Chances) -> Columns:
    """The labels, potential conversions and delays of N impressions; each [N]."""
    hidden, uniform = chances.hidden, chances.uniform
    click = uniform[0] < sigmoid(logits.click + hidden)
    action = uniform[1] < sigmoid(logits.action)
    converts = np.where(action, logits.acting, logits.conversion)
    potential = uniform[2] < sigmoid(converts + hidden)
    unclicked = uniform[3] < sigmoid(logits.unclicked)
    conversion = np.where(click, potential, unclicked)
    return {
        "click": click,
        "action": click & action,
        "conversion": conversion,
        "potential_conversion": potential,
        "conversion_delay_hours": np.where(conversion, chances.delay, np.nan),
    }
