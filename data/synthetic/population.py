"""Who sees what, when and where: everything of an impression but its outcome."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from data.synthetic.columns import BLOCKS, NOISE, size
from data.synthetic.config import WorldConfig

Array = npt.NDArray[np.float64]
Columns = dict[str, np.ndarray]

USER_ZIPF, ITEM_ZIPF = 0.8, 1.0
HOUR_SHIFT = 0.5


def _softmax(logits: Array) -> Array:
    values = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def _popularity(count: int, exponent: float, omega: float, own: Array) -> Array:
    """[S, count]: Zipf's law, and each scenario's own taste of scale omega."""
    return _softmax(-exponent * np.log(np.arange(1, count + 1)) + omega * own)


def _draw(distribution: Array, scenario: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws [N] indices, row i from `distribution[scenario[i]]`, by inverting the CDF."""
    uniform = rng.random(len(scenario))
    drawn = np.empty(len(scenario), np.int64)
    for index, probabilities in enumerate(distribution):
        rows = np.flatnonzero(scenario == index)
        # Unnormalised, so that rounding can't put a draw past the last value.
        cdf = np.cumsum(probabilities)
        drawn[rows] = np.searchsorted(cdf, uniform[rows] * cdf[-1], side="right")
    return drawn


@dataclasses.dataclass(frozen=True)
class Population:
    """Users, items and contexts, and how often each scenario shows them.

    Attributes:
      users: [S, U], P(user | scenario).
      items: [S, I], P(item | scenario).
      user_fields: column -> [U], the user's value.
      item_fields: column -> [I], the item's value.
      contexts: column -> [S, values], P(value | scenario).
    """

    users: Array
    items: Array
    user_fields: Columns
    item_fields: Columns
    contexts: Columns

    @classmethod
    def build(cls, config: WorldConfig, rng: np.random.Generator) -> Population:
        """Draws a population; S = len(config.shares)."""
        scenarios = len(config.shares)
        blocks = (*BLOCKS, NOISE)
        user_columns = ("user_segment", *(f"user_{block}" for block in blocks))
        item_columns = ("item_category", *(f"item_{block}" for block in blocks))
        own_users = rng.standard_normal((scenarios, config.users))
        own_items = rng.standard_normal((scenarios, config.items))
        shift = {f"context_{block}": config.context_shift for block in blocks}
        return cls(
            users=_popularity(config.users, USER_ZIPF, config.omega_user, own_users),
            items=_popularity(config.items, ITEM_ZIPF, config.omega_item, own_items),
            user_fields={x: rng.integers(size(x), size=config.users) for x in user_columns},
            item_fields={x: rng.integers(size(x), size=config.items) for x in item_columns},
            contexts={
                column: _softmax(scale * rng.standard_normal((scenarios, size(column))))
                for column, scale in {**shift, "hour": HOUR_SHIFT}.items()
            },
        )

    def draw(
        self, scenario: np.ndarray, rng: np.random.Generator, position: int | None = None
    ) -> Columns:
        """Draws one impression for each of the [N] scenarios.

        Args:
          scenario: int64 [N], indices.
          rng: the source of randomness.
          position: the position of every impression; None draws it evenly.

        Returns:
          Columns [N]: `scenario` (indices), ids, fields, contexts, hour, position as int64, and
          dense features as float32.
        """
        rows = len(scenario)
        user = _draw(self.users, scenario, rng)
        item = _draw(self.items, scenario, rng)
        columns = {"scenario": scenario, "user_id": user, "item_id": item}
        columns |= {name: values[user] for name, values in self.user_fields.items()}
        columns |= {name: values[item] for name, values in self.item_fields.items()}
        columns |= {name: _draw(p, scenario, rng) for name, p in self.contexts.items()}
        for block in (*BLOCKS, NOISE):
            columns[f"dense_{block}"] = rng.standard_normal(rows, np.float32)
        drawn = rng.integers(size("position"), size=rows)
        columns["position"] = drawn if position is None else np.full(rows, position, np.int64)
        return columns
