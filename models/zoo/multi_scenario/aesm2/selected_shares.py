"""How often the rows of every scenario select an expert, and as what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.explanation import Axis, Explanation, numbered, scenario_means
from models.zoo.multi_scenario.aesm2.expert_selection import Selection


def selected_shares(
    kind: str, levels: Sequence[Selection], scenario: np.ndarray, axes: tuple[Axis, ...]
) -> dict[str, Explanation]:
    """Returns `KIND_specific` and `KIND_shared`, the shares of the rows, [K, L, *axes, N].

    Args:
      kind: of the L levels, `scenario` or `task`.
      levels: what each selects, [*axes, B, N].
      scenario: the rows' scenarios, int [B].
      axes: of K scenarios, then those of who selects.
    """
    scenarios, *others = axes
    experts = levels[0].weights.shape[-1]
    places = (scenarios, numbered("level", len(levels)), *others, numbered("expert", experts))
    found = {}
    for part in ("specific", "shared"):
        rows = np.stack([by_row(getattr(level, part)).numpy() for level in levels], axis=1)
        means = scenario_means(rows, scenario, len(scenarios.entries))
        found[f"{kind}_{part}"] = Explanation(means, places)
    return found


def by_row(values: tf.Tensor) -> tf.Tensor:
    """Moves the rows of [B, N] or [C, B, N] to the front."""
    return values if values.shape.rank == 2 else tf.transpose(values, [1, 0, 2])
