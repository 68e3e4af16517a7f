"""How gates use their experts: load, entropy, and experts that no row has a use for."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

DEAD_LOAD = 0.01
"""An expert is dead below this part of an equal share of a gate's weight."""


class GateUse(NamedTuple):
    """How gates over E experts each use them; any leading axes, one entry a gate.

    Attributes:
      load: mean weight of every expert, [..., E]; a gate's sum to 1.
      reached: share of the rows that give an expert at least an equal share, 1 / E, [..., E].
      entropy: mean entropy of a row's weights, divided by that of equal ones, [...]: 0 where every
        row uses one expert, 1 where every row uses all alike; 1 for a gate over one expert.
    """

    load: np.ndarray
    reached: np.ndarray
    entropy: np.ndarray

    @property
    def balance(self) -> np.ndarray:
        """Entropy of the load, divided by that of equal loads, [...].

        Low entropy with high balance is what a gate is for: rows choose, and differ in their
        choice. Where both are low, all rows use the same expert.
        """
        experts = self.load.shape[-1]
        if experts == 1:
            return np.ones_like(self.load[..., 0])
        logs = np.log(np.where(self.load > 0, self.load, 1.0))
        return np.asarray(-(self.load * logs).sum(-1) / math.log(experts))

    @property
    def dead(self) -> np.ndarray:
        """Whether an expert gets next to nothing from a gate, bool [..., E].

        That is a load below `DEAD_LOAD / E`, and no row that gives it an equal share: an
        expert of a few rows has a small load and is not dead. A dead expert's gradient is as
        small as its load, so that it seldom comes back.
        """
        small = self.load < DEAD_LOAD / self.load.shape[-1]
        return np.asarray(small & (self.reached == 0))


def row_use(weights: tf.Tensor) -> tf.Tensor:
    """Returns what `GateUse` is the mean of, row by row, float32 [..., 2 E + 1], no gradient.

    Args:
      weights: of the experts, float32 [..., E], each gate's sum to 1.
    """
    weights = tf.stop_gradient(weights)
    experts = int(weights.shape[-1])
    # Rounding must not take an equal share below an equal share.
    reached = tf.cast(weights >= (1 - 1e-5) / experts, tf.float32)
    entropy = -tf.reduce_sum(tf.math.xlogy(weights, weights), axis=-1, keepdims=True)
    even = tf.ones_like(entropy) if experts == 1 else entropy / math.log(experts)
    return tf.concat([weights, reached, even], axis=-1)


def gate_use(means: np.ndarray) -> GateUse:
    """Returns the use of gates over E experts.

    Args:
      means: of `row_use` over rows, [..., 2 E + 1]; NaN where there were none.
    """
    experts = means.shape[-1] // 2
    return GateUse(means[..., :experts], means[..., experts:-1], means[..., -1])
