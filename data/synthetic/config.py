"""The knobs of the synthetic log."""

from __future__ import annotations

import datetime
from typing import Annotated

import pydantic

from common.settings import Settings
from data.synthetic.columns import history_length

Share = Annotated[float, pydantic.Field(gt=0, lt=1)]


class BlockWeights(Settings):
    """Weights of the logit's standardised parts.

    Attributes:
      t: the block whose table all scenarios share: what is learnt in one transfers to all.
      g: the block with one table a group of scenarios.
      s: the block with one table a scenario: nothing transfers.
      n: the block whose one table changes its sign between scenarios: sharing it harms.
      interaction: user segment x item category, half shared, half a group's own.
      cross: user field x item field of block T.
      identity: effects of the user and of the item themselves.
      position: position bias.
      history: how well the candidate matches the user's last clicks, in worlds with
        `histories`; elsewhere nothing.
    """

    t: float = 0.9
    g: float = 0.5
    s: float = 0.5
    n: float = 0.4
    interaction: float = 0.6
    cross: float = 0.5
    identity: float = 0.3
    position: float = 0.5
    history: float = 1.2


class WorldConfig(Settings):
    """What is true in the world, whichever log is drawn from it.

    Attributes:
      seed: of the tables and of the populations.
      users: number of users; their popularity is Zipf(0.8).
      items: number of items; their popularity is Zipf(1.0).
      shares: of the impressions, one a scenario; they add up to 1.
      groups: the group of each scenario.
      signs: the sign of block N in each scenario.
      tables: whose tables each scenario has: its own position, or that of another, whose group and
        sign it then has too: the two differ in rates, rows and popularity alone. Empty for each
        its own.
      weights: of the blocks.
      omega_user: log-scale of each scenario's own popularity of users; 0 is the same users
        everywhere, 4 nearly disjoint users.
      omega_item: the same for items.
      context_shift: log-scale of each scenario's own distribution of context (covariate shift).
      selection: correlation of what makes people convert with what makes them click; the
        larger, the more the clicked rows differ from the entire space.
      confounding: weight of a hidden N(0, 1) factor of both click and conversion.
      unclicked_conversion: mean of P(conversion) over rows without a click, in every scenario.
      unclicked_effects: weight of what makes people convert in the logit of a conversion without
        a click; 0: it is as likely in all rows. After a click the weight is 0.9.
      click_rate: mean of P(click), one a scenario.
      conversion_rate: mean of P(conversion | click) over clicked rows, one a scenario.
      conversion_scale: multiplies `conversion_rate`, to make conversions sparser.
      action_rate: mean of P(action | click) over clicked rows.
      action_effects: weight of what makes people act in the logit of the action.
      action_boost: what an action adds to the logit of a conversion after the click.
      histories: whether what a user clicked before has an effect (see `data.synthetic.match`),
        and the log has the columns of it. The rates above are then those of rows without
        clicks before; people click what resembles their clicks, so that the log's are higher.
      history_clicks: how many of the user's last clicks have an effect.
      history_half_life: a click that is this many clicks older weighs half.
      history_styles: number of the items' latent styles.
      history_category: share of the items whose category says their style; the style of the
        others is known from their clicks alone.
    """

    seed: int = pydantic.Field(default=0, ge=0)
    users: int = pydantic.Field(default=20_000, ge=1)
    items: int = pydantic.Field(default=5_000, ge=1)
    shares: tuple[Share, ...] = (0.560, 0.230, 0.110, 0.060, 0.025, 0.009, 0.006)
    groups: tuple[pydantic.NonNegativeInt, ...] = (0, 0, 1, 1, 0, 1, 2)
    signs: tuple[int, ...] = (1, 1, -1, 1, -1, -1, 1)
    tables: tuple[pydantic.NonNegativeInt, ...] = ()
    weights: BlockWeights = BlockWeights()
    omega_user: float = pydantic.Field(default=0.0, ge=0)
    omega_item: float = pydantic.Field(default=0.0, ge=0)
    context_shift: float = pydantic.Field(default=0.5, ge=0)
    selection: float = pydantic.Field(default=0.5, ge=-1, le=1)
    confounding: float = 0.0
    unclicked_conversion: float = pydantic.Field(default=0.0, ge=0, lt=1)
    unclicked_effects: float = 0.0
    click_rate: tuple[Share, ...] = (0.080, 0.060, 0.100, 0.050, 0.120, 0.040, 0.070)
    conversion_rate: tuple[Share, ...] = (0.10, 0.08, 0.15, 0.06, 0.12, 0.05, 0.20)
    conversion_scale: float = pydantic.Field(default=1.0, gt=0)
    action_rate: Share = 0.3
    action_effects: float = 0.6
    action_boost: float = 1.2
    histories: bool = False
    history_clicks: int = pydantic.Field(default=10, ge=1)
    history_half_life: float = pydantic.Field(default=5.0, gt=0)
    history_styles: int = pydantic.Field(default=12, ge=2)
    history_category: float = pydantic.Field(default=0.5, ge=0, le=1)

    @property
    def tables_of(self) -> tuple[int, ...]:
        """Whose tables each scenario has."""
        return self.tables or tuple(range(len(self.shares)))

    @pydantic.model_validator(mode="after")
    def _one_value_a_scenario(self) -> WorldConfig:
        if abs(sum(self.shares) - 1) > 1e-6:
            raise ValueError(f"shares add up to {sum(self.shares):.6g}; make them add up to 1")
        for name in ("groups", "signs", "click_rate", "conversion_rate"):
            values = getattr(self, name)
            if len(values) != len(self.shares):
                raise ValueError(
                    f"{name} has {len(values)} values, shares has {len(self.shares)}; "
                    "give one value a scenario"
                )
        if self.tables and (
            len(self.tables) != len(self.shares) or max(self.tables) >= len(self.shares)
        ):
            raise ValueError(
                f"tables is {list(self.tables)}; give one position of a scenario, 0 to "
                f"{len(self.shares) - 1}, a scenario, or none"
            )
        if max(self.conversion_rate) * self.conversion_scale >= 1:
            raise ValueError("conversion_rate x conversion_scale must stay below 1")
        if self.histories and self.history_clicks > history_length():
            raise ValueError(
                f"history_clicks is {self.history_clicks}, and a row's history holds "
                f"{history_length()}: more could not be known from the log"
            )
        return self


class SyntheticConfig(Settings):
    """Which log is drawn from the world.

    Attributes:
      rows: impressions, spread evenly over the days.
      days: number of spans.
      start: the first day (UTC).
      seed: of the draws; with the world and the date it fixes every row of a day.
      world: the world.
    """

    rows: int = pydantic.Field(default=200_000, ge=1)
    days: int = pydantic.Field(default=8, ge=1)
    start: datetime.date = datetime.date(2026, 1, 1)
    seed: int = pydantic.Field(default=0, ge=0)
    world: WorldConfig = WorldConfig()

    @pydantic.model_validator(mode="after")
    def _a_row_a_day(self) -> SyntheticConfig:
        if self.rows < self.days:
            raise ValueError(f"{self.rows} rows do not fill {self.days} days; ask for more rows")
        return self
