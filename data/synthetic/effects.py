"""The effects of an impression's features on one logit."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from data.synthetic.columns import BLOCKS, size
from data.synthetic.config import BlockWeights, WorldConfig
from data.synthetic.match import standardised, style_affinity
from data.synthetic.population import Columns

Array = npt.NDArray[np.float64]


def position_bias() -> Array:
    """[positions]: the click's; falls with the logarithm of the position."""
    return standardised(-np.log1p(np.arange(size("position"))))


def _per_scenario(block: str, config: WorldConfig, values: int, rng: np.random.Generator) -> Array:
    """[S, values]: N(0, 1), shared between scenarios as the block says."""
    scenarios, whose = len(config.shares), list(config.tables_of)
    groups = np.array(config.groups)
    if block == "s":
        return rng.standard_normal((scenarios, values))[whose]
    if block == "g":
        return rng.standard_normal((groups.max() + 1, values))[groups[whose]]
    shared = np.tile(rng.standard_normal(values), (scenarios, 1))
    return shared * np.array(config.signs)[whose, None] if block == "n" else shared


@dataclasses.dataclass(frozen=True)
class Effects:
    """Standard normal tables of one logit.

    Attributes:
      blocks: column -> [S, values] (dense columns: [S, 1], the slope).
      interaction: [S, segments, categories].
      cross: [users' values, items' values] of block T.
      user: [U], the effect of the user's id.
      item: [I], the effect of the item's id.
      position: [positions], mean 0 and variance 1.
      affinity: [styles, styles], of a clicked item's style and the candidate's.
    """

    blocks: dict[str, Array]
    interaction: Array
    cross: Array
    user: Array
    item: Array
    position: Array
    affinity: Array

    @classmethod
    def build(cls, config: WorldConfig, rng: np.random.Generator) -> Effects:
        """Draws the tables."""
        groups = np.array(config.groups)
        cells = (size("user_segment"), size("item_category"))
        shared = rng.standard_normal(cells)
        own = rng.standard_normal((groups.max() + 1, *cells))[groups[list(config.tables_of)]]
        blocks = {}
        for block in BLOCKS:
            for kind in ("user", "item", "context"):
                column = f"{kind}_{block}"
                blocks[column] = _per_scenario(block, config, size(column), rng)
            blocks[f"dense_{block}"] = _per_scenario(block, config, 1, rng)
        return cls(
            blocks=blocks,
            interaction=(shared + own) / np.sqrt(2),
            cross=rng.standard_normal((size("user_t"), size("item_t"))),
            user=rng.standard_normal(config.users),
            item=rng.standard_normal(config.items),
            position=standardised(rng.standard_normal(size("position"))),
            # Last, so that no other table depends on it.
            affinity=style_affinity(config.history_styles, rng),
        )

    def mixed_with(self, other: Effects, correlation: float) -> Effects:
        """Tables that are correlated with these: ``c self + sqrt(1 - c^2) other``."""
        rest = np.sqrt(1 - correlation**2)

        def mix(mine: Array, others: Array) -> Array:
            return correlation * mine + rest * others

        return Effects(
            blocks={name: mix(table, other.blocks[name]) for name, table in self.blocks.items()},
            interaction=mix(self.interaction, other.interaction),
            cross=mix(self.cross, other.cross),
            user=mix(self.user, other.user),
            item=mix(self.item, other.item),
            position=mix(self.position, other.position),
            affinity=mix(self.affinity, other.affinity),
        )

    def logit(self, columns: Columns, weights: BlockWeights) -> Array:
        """The logit without intercept.

        Each block is ``(t_user + t_item + t_context + d x) / 2``, of unit variance.

        Args:
          columns: impressions, as `Population.draw` gives them.
          weights: of the parts.

        Returns:
          float64 [N].
        """
        scenario = columns["scenario"]
        total = np.zeros(len(scenario))
        for block in BLOCKS:
            part = self.blocks[f"dense_{block}"][scenario, 0] * columns[f"dense_{block}"]
            for kind in ("user", "item", "context"):
                name = f"{kind}_{block}"
                part += self.blocks[name][scenario, columns[name]]
            total += getattr(weights, block) / 2 * part
        segment, category = columns["user_segment"], columns["item_category"]
        total += weights.interaction * self.interaction[scenario, segment, category]
        total += weights.cross * self.cross[columns["user_t"], columns["item_t"]]
        total += weights.position * self.position[columns["position"]]
        own = self.user[columns["user_id"]] + self.item[columns["item_id"]]
        return total + weights.identity / np.sqrt(2) * own
