"""The world of the synthetic log: its population, its effects, its intercepts.

Per impression, with a hidden factor ``h ~ N(0, 1)`` of weight rho:

* ``y1 = P(click)                       = sigmoid(b_s + f_click + rho h)``
* ``y4 = P(action | click)              = sigmoid(a_s + 0.6 f_action)``
* ``y2 = P(conversion | click)          = sigmoid(c_s + 0.9 f_conversion + rho h)``, no action
* ``y5 = P(conversion | click, action)  = sigmoid(logit(y2) + 1.2)``
* ``y3 = P(conversion | no click)``, a constant.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from data.synthetic.config import WorldConfig
from data.synthetic.effects import Effects, position_bias
from data.synthetic.intercepts import calibrate
from data.synthetic.logits import Logits
from data.synthetic.population import Columns, Population

Array = npt.NDArray[np.float64]

CONVERSION_SCALE = 0.9
ACTION_SCALE = 0.6
CALIBRATION_ROWS = 20_000


@dataclasses.dataclass(frozen=True)
class World:
    """A world; see the module.

    Attributes:
      config: its knobs.
      population: who sees what.
      click: effects on the click.
      action: effects on the action.
      conversion: effects on the conversion, correlated with the click's (`selection`).
      intercepts: [S, 3]: of click, action and conversion.
    """

    config: WorldConfig
    population: Population
    click: Effects
    action: Effects
    conversion: Effects
    intercepts: Array

    @classmethod
    def build(cls, config: WorldConfig) -> World:
        """Draws the world of `config.seed` and finds its intercepts."""
        seeds = np.random.SeedSequence(config.seed).spawn(5)
        people, click, action, conversion, calibration = map(np.random.default_rng, seeds)
        click_effects = dataclasses.replace(Effects.build(config, click), position=position_bias())
        world = cls(
            config=config,
            population=Population.build(config, people),
            click=click_effects,
            action=Effects.build(config, action),
            conversion=click_effects.mixed_with(
                Effects.build(config, conversion), config.selection
            ),
            intercepts=np.zeros((len(config.shares), 3)),
        )
        return dataclasses.replace(world, intercepts=world._calibrate(calibration))

    def _calibrate(self, rng: np.random.Generator) -> Array:
        """[S, 3]: the intercepts that give each scenario its rates, on rows of its own."""
        config = self.config
        found = []
        for index, click_rate in enumerate(config.click_rate):
            scenario = np.full(CALIBRATION_ROWS, index)
            rates = (
                click_rate,
                config.action_rate,
                config.conversion_rate[index] * config.conversion_scale,
            )
            logits = self.logits(self.population.draw(scenario, rng))
            found.append(calibrate(logits, rates, config.confounding))
        return np.array(found)

    def logits(self, columns: Columns) -> Logits:
        """The logits of impressions as `Population.draw` gives them."""
        weights = self.config.weights
        intercept = self.intercepts[columns["scenario"]]
        return Logits(
            click=intercept[:, 0] + self.click.logit(columns, weights),
            action=intercept[:, 1] + ACTION_SCALE * self.action.logit(columns, weights),
            conversion=intercept[:, 2] + CONVERSION_SCALE * self.conversion.logit(columns, weights),
        )
