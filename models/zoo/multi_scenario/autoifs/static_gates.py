"""One gate a (scenario, label, flow) in the place of one a row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from common.json_files import plain_json


@dataclasses.dataclass(frozen=True)
class StaticGates:
    """What the majority of a scenario's rows keeps.

    Attributes:
      kept: bool [K, C, F]; True where at least half of the scenario's rows keep the flow,
        and everywhere in a scenario without rows.
      agreement: float [K, C, F], the fraction of the scenario's rows whose own gate is the
        majority's; NaN in a scenario without rows.
      rows: int [K], the rows seen of every scenario.
    """

    kept: np.ndarray
    agreement: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, parts: Iterable[tuple[np.ndarray, np.ndarray]], scenarios: int) -> StaticGates:
        """Counts the gates of rows.

        Args:
          parts: at least one batch: whether a row removes a flow, bool [B, C, F], and the
            rows' scenarios, int [B].
          scenarios: K.

        Raises:
          ValueError: there is no batch.
        """
        rows = np.zeros(scenarios, np.int64)
        removed: np.ndarray | None = None
        for gates, scenario in parts:
            members = np.eye(scenarios, dtype=np.int64)[scenario]
            counts = np.tensordot(members.T, gates.astype(np.int64), axes=1)
            rows += members.sum(0)
            removed = counts if removed is None else removed + counts
        if removed is None:
            raise ValueError("no batch; static gates need the rows of the validation split")
        with np.errstate(invalid="ignore"):
            fraction = removed / rows[:, np.newaxis, np.newaxis]
        kept = ~(fraction > 0.5)
        return cls(kept, np.where(kept, 1 - fraction, fraction), rows)

    def document(
        self, scenarios: tuple[str, ...], labels: tuple[str, ...], flows: tuple[str, ...]
    ) -> dict[str, Any]:
        """Returns plain values by name: `rows`, `kept` and `agreement`."""

        def named(values: np.ndarray) -> dict[str, Any]:
            return {
                scenario: {
                    label: dict(zip(flows, row.tolist(), strict=True))
                    for label, row in zip(labels, block, strict=True)
                }
                for scenario, block in zip(scenarios, values, strict=True)
            }

        return {
            "rows": dict(zip(scenarios, self.rows.tolist(), strict=True)),
            "kept": named(self.kept),
            "agreement": plain_json(named(self.agreement)),
        }
