"""What TAML says of its experts: how much each is used, and which are dead."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from models.explanation import Axis, Explanation, scenario_means
from models.layers.gate_use import expert_use, gate_use, row_use
from models.zoo.entire_space.taml.expert_levels import ExpertLevels


def explained(
    levels: ExpertLevels, gates: tf.Tensor, scenario: np.ndarray, axes: tuple[Axis, Axis, Axis]
) -> dict[str, Explanation]:
    """Returns how learners use the experts on some rows.

    `gates` [K, T, N, E] are every scenario's mean weights; `gate_entropy` and `gate_balance`
    [T, N], `expert_load` and `dead_experts` (1 or 0) [X]: see `GateUse` and `ExpertUse`.

    Args:
      levels: the experts.
      gates: their weights, float32 [T, N, B, E].
      scenario: the rows' scenarios, int [B].
      axes: of scenarios, labels and learners.
    """
    scenarios, *gate_axes = axes
    weights = tf.transpose(gates, [2, 0, 1, 3])
    means = scenario_means(weights.numpy(), scenario, len(scenarios.entries))
    use = gate_use(row_use(weights).numpy().mean(0))
    experts = expert_use(use, levels.visible)
    stack = (Axis("expert", levels.expert_names),)
    return {
        "gates": Explanation(means, (*axes, Axis("expert", levels.seen_names))),
        "gate_entropy": Explanation(use.entropy, tuple(gate_axes)),
        "gate_balance": Explanation(use.balance, tuple(gate_axes)),
        "expert_load": Explanation(experts.load, stack),
        "dead_experts": Explanation(experts.dead.astype(np.float64), stack),
    }


def logged(levels: ExpertLevels, labels: tuple[str, ...], means: np.ndarray) -> dict[str, Any]:
    """Returns the same of an epoch's training rows, as plain values for the history.

    Args:
      levels: the experts.
      labels: T.
      means: of `row_use`, [T, N, 2 E + 1].
    """
    use = gate_use(means)
    experts = expert_use(use, levels.visible)
    dead = [
        name for name, is_dead in zip(levels.expert_names, experts.dead, strict=True) if is_dead
    ]
    return {
        "expert_load": dict(zip(levels.expert_names, experts.load.tolist(), strict=True)),
        "gate_entropy": dict(zip(labels, use.entropy.tolist(), strict=True)),
        "dead_experts": dead,
    }
