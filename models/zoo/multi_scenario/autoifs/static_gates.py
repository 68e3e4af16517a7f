"""Gates of a (scenario, label, flow) that hold for all of its rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import tensorflow as tf

from common.settings import SettingsError

KEPT, REMOVED, DYNAMIC = "kept", "removed", "dynamic"


@dataclasses.dataclass(frozen=True)
class StaticGates:
    """Which flows are always kept, which never, and which every row decides on.

    Attributes:
      kept: bool [K, C, F], whether the flow is kept where the gate is static.
      static: bool [K, C, F], whether it is; elsewhere the gate is dynamic, a row's own.
    """

    kept: np.ndarray
    static: np.ndarray

    @classmethod
    def fixed(
        cls, kept: Sequence[Sequence[Sequence[bool]]] | None, shape: tuple[int, int, int]
    ) -> StaticGates | None:
        """Returns gates that are all static, None of none.

        Args:
          kept: the config's `fixed_flows`.
          shape: (K, C, F).

        Raises:
          SettingsError: the flows have another shape.
        """
        if kept is None:
            return None
        mask = np.array(kept, object)
        if mask.shape != shape:
            raise SettingsError(f"model.fixed_flows has shape {mask.shape}; write one of {shape}")
        return cls(mask.astype(bool), np.ones(shape, bool))

    @property
    def form(self) -> Literal["static", "dynamic", "mixed"]:
        """Whether all gates are static, all dynamic, or some are."""
        if self.static.all():
            return "static"
        return "mixed" if self.static.any() else "dynamic"

    @property
    def fates(self) -> np.ndarray:
        """What becomes of every flow: `KEPT`, `REMOVED` or `DYNAMIC`, str [K, C, F]."""
        return np.where(self.static, np.where(self.kept, KEPT, REMOVED), DYNAMIC)

    def computed(self, where_kept: bool) -> np.ndarray:
        """Returns which flows a graph for all scenarios has to compute, bool [C, F].

        Args:
          where_kept: whether a flow is read where it is kept (the logit is the sum of flows) or
            where it is removed (it is subtracted from the logit).
        """
        read = self.kept if where_kept else ~self.kept
        computed: np.ndarray = (read | ~self.static).any(axis=0)
        return computed

    def removed(self, scenario: tf.Tensor, own: Callable[[], tf.Tensor]) -> tf.Tensor:
        """Returns how much of each flow is removed, float32 [B, C, F].

        Args:
          scenario: int [B].
          own: makes the rows' own gates, float32 [B, C, F]; not called where all are static, so
            that no graph has what makes them.
        """
        fixed = tf.gather(tf.constant(~self.kept, tf.float32), scenario)
        if self.static.all():
            return fixed
        return tf.where(tf.gather(tf.constant(self.static), scenario), fixed, own())
