"""The world of the synthetic log: its population, its effects, its intercepts.

Per impression, with a hidden factor ``h ~ N(0, 1)`` of weight rho:

* ``y1 = P(click)                       = sigmoid(b_s + f_click + rho h)``
* ``y4 = P(action | click)              = sigmoid(a_s + v f_action)``, v `action_effects`
* ``y2 = P(conversion | click)          = sigmoid(c_s + 0.9 f_conversion + rho h)``, no action
* ``y5 = P(conversion | click, action)  = sigmoid(logit(y2) + boost)``, `action_boost`
* ``y3 = P(conversion | no click)        = sigmoid(d_s + u f_conversion)``, u `unclicked_effects`

In worlds with `histories` every f also has what the user clicked before, `data.synthetic.match`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from data.synthetic.config import WorldConfig
from data.synthetic.effects import Effects, position_bias
from data.synthetic.intercepts import calibrate
from data.synthetic.logits import Logits
from data.synthetic.match import item_styles, match, recency
from data.synthetic.population import Columns, Population

Array = npt.NDArray[np.float64]

CONVERSION_SCALE = 0.9
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
      intercepts: [S, 4]: of click, action, conversion, and conversion without a click.
      styles: int64 [I], the items' latent styles, which only histories make matter.
    """

    config: WorldConfig
    population: Population
    click: Effects
    action: Effects
    conversion: Effects
    intercepts: Array
    styles: npt.NDArray[np.int64]

    @classmethod
    def build(cls, config: WorldConfig) -> World:
        """Draws the world of `config.seed` and finds its intercepts."""
        seeds = np.random.SeedSequence(config.seed).spawn(6)
        people, click, action, conversion, calibration, style = map(np.random.default_rng, seeds)
        click_effects = dataclasses.replace(Effects.build(config, click), position=position_bias())
        population = Population.build(config, people)
        world = cls(
            config=config,
            population=population,
            click=click_effects,
            action=Effects.build(config, action),
            conversion=click_effects.mixed_with(
                Effects.build(config, conversion), config.selection
            ),
            intercepts=np.zeros((len(config.shares), 4)),
            styles=item_styles(
                population.item_fields["item_category"],
                config.history_styles,
                config.history_category,
                style,
            ),
        )
        return dataclasses.replace(world, intercepts=world._calibrate(calibration))

    def _calibrate(self, rng: np.random.Generator) -> Array:
        """[S, 4]: the intercepts that give each scenario its rates, on rows of its own."""
        config = self.config
        found = []
        for index, click_rate in enumerate(config.click_rate):
            scenario = np.full(CALIBRATION_ROWS, index)
            rates = (
                click_rate,
                config.action_rate,
                config.conversion_rate[index] * config.conversion_scale,
                config.unclicked_conversion,
            )
            logits = self.logits(self.population.draw(scenario, rng))
            found.append(calibrate(logits, rates, config.confounding))
        return np.array(found)

    def logits(self, columns: Columns) -> Logits:
        """The logits of impressions as `Population.draw` gives them, without clicks before."""
        config = self.config
        click, action, conversion, unclicked = self.intercepts[columns["scenario"]].T
        return self._logits(
            Logits(click, action, conversion, conversion + config.action_boost, unclicked),
            *(
                effects.logit(columns, config.weights)
                for effects in (self.click, self.action, self.conversion)
            ),
        )

    def _logits(self, base: Logits, click: Array, action: Array, conversion: Array) -> Logits:
        """Adds effects [N], scaled, to logits."""
        return Logits(
            click=base.click + click,
            action=base.action + self.config.action_effects * action,
            conversion=base.conversion + CONVERSION_SCALE * conversion,
            acting=base.acting + CONVERSION_SCALE * conversion,
            unclicked=base.unclicked + self.config.unclicked_effects * conversion,
        )

    def click_match(self, history: np.ndarray, item: np.ndarray) -> Array:
        """What the clicks before add to the click's logit, float64 [N]; see `match`.

        Args:
          history: int [N, L], the clicked items, the newest last.
          item: int [N], the candidates.
        """
        return self._match(self.click, history, item)

    def with_histories(self, logits: Logits, history: np.ndarray, item: np.ndarray) -> Logits:
        """Returns the logits with what the clicks before add; the arguments of `click_match`."""
        return self._logits(
            logits,
            self.click_match(history, item),
            self._match(self.action, history, item),
            self._match(self.conversion, history, item),
        )

    def _match(self, effects: Effects, history: np.ndarray, item: np.ndarray) -> Array:
        config = self.config
        weight = recency(history.shape[1], config.history_clicks, config.history_half_life)
        found = match(effects.affinity, self.styles, history, item, weight)
        return config.weights.history * found
