"""What the rows of a scenario agree on about its flows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np

from common.json_files import plain_json
from models.zoo.multi_scenario.autoifs.static_gates import StaticGates


@dataclasses.dataclass(frozen=True)
class GateAgreement:
    """What the majority of a scenario's rows keeps, and how large it is.

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
    def of(cls, parts: Iterable[tuple[np.ndarray, np.ndarray]], scenarios: int) -> GateAgreement:
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
        all_rows = rows[:, np.newaxis, np.newaxis]
        kept = 2 * removed <= all_rows
        with np.errstate(invalid="ignore"):
            agreement = np.where(kept, all_rows - removed, removed) / all_rows
        return cls(kept, agreement, rows)

    def static(self, least: float) -> StaticGates:
        """Returns the gates that are static where enough rows agree, and dynamic elsewhere.

        Args:
          least: the smallest agreement of a static gate, from .5, where the majority decides
            on every flow, to 1. A scenario without rows agrees as little as one that is torn.
        """
        return StaticGates(self.kept, np.nan_to_num(self.agreement, nan=0.5) >= least)

    def document(
        self, scenarios: tuple[str, ...], labels: tuple[str, ...], flows: tuple[str, ...]
    ) -> dict[str, Any]:
        """Returns plain values by name: `rows`, `kept` and `agreement`."""
        names = scenarios, labels, flows
        return {
            "rows": dict(zip(scenarios, self.rows.tolist(), strict=True)),
            "kept": by_name(self.kept, *names),
            "agreement": plain_json(by_name(self.agreement, *names)),
        }


def by_name(
    values: np.ndarray, scenarios: tuple[str, ...], labels: tuple[str, ...], flows: tuple[str, ...]
) -> dict[str, Any]:
    """Returns an array [K, C, F] as ``{scenario: {label: {flow: value}}}``."""
    return {
        scenario: {
            label: dict(zip(flows, row.tolist(), strict=True))
            for label, row in zip(labels, block, strict=True)
        }
        for scenario, block in zip(scenarios, values, strict=True)
    }
