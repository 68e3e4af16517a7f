"""The verdict of a cell, and what the verdicts of all cells mean for the candidate."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

from components.promotion_gate.cells import Cell
from components.promotion_gate.config import OVERALL, GateConfig, Thresholds
from components.promotion_gate.quality import Quality

Verdict = Literal["pass", "fail", "insufficient data"]
_COMPARED = ("auc", "logloss", "calibration")


@dataclasses.dataclass(frozen=True)
class CellVerdict:
    """One cell, judged.

    Attributes:
      cell: the numbers.
      verdict: `pass`, `fail` or `insufficient data`.
      reason: one sentence with the numbers that decided.
      refuses: True where this cell alone keeps the candidate from being promoted.
    """

    cell: Cell
    verdict: Verdict
    reason: str
    refuses: bool

    @property
    def name(self) -> str:
        """The cell's name, as overrides write it."""
        return f"{self.cell.output}/{self.cell.scenario}"

    def as_json(self) -> dict[str, Any]:
        """Returns plain values; a number that is not defined is null."""
        values: dict[str, Any] = {
            "output": self.cell.output,
            "scenario": self.cell.scenario,
            "verdict": self.verdict,
            "reason": self.reason,
            "refuses": self.refuses,
            "candidate": _plain(dataclasses.asdict(self.cell.candidate)),
        }
        if self.cell.baseline is not None:
            values["baseline"] = _plain(dataclasses.asdict(self.cell.baseline))
            values["difference"] = _plain(
                {
                    name: getattr(self.cell.candidate, name) - getattr(self.cell.baseline, name)
                    for name in _COMPARED
                }
            )
        return values


def judge(cell: Cell, config: GateConfig) -> CellVerdict:
    """Judges one cell against its limits."""
    verdict, reason = _judge(cell.candidate, config.thresholds(cell.output, cell.scenario))
    needs_data = cell.scenario == OVERALL and (
        config.must_have_data is None or cell.output in config.must_have_data
    )
    refuses = verdict == "fail" or (verdict == "insufficient data" and needs_data)
    return CellVerdict(cell, verdict, reason, refuses)


def _judge(found: Quality, limits: Thresholds) -> tuple[Verdict, str]:
    if found.nonfinite_scores:
        return "fail", f"{found.nonfinite_scores:.0f} scores are NaN or infinite."
    if found.positives < limits.min_positives or found.negatives < limits.min_negatives:
        return "insufficient data", (
            f"{found.positives:.0f} positives and {found.negatives:.0f} negatives; "
            f"{limits.min_positives} and {limits.min_negatives} are needed."
        )
    undefined = [name for name in _COMPARED if not math.isfinite(getattr(found, name))]
    if undefined:
        return "fail", f"{', '.join(undefined)} is not a finite number."
    broken = []
    if limits.auc_at_least is not None and found.auc < limits.auc_at_least:
        broken.append(f"AUC {found.auc:.4f} is below {limits.auc_at_least:g}")
    if limits.calibration_between is not None:
        low, high = limits.calibration_between
        if not low <= found.calibration <= high:
            broken.append(f"calibration {found.calibration:.3f} is outside {low:g} to {high:g}")
    if limits.logloss_at_most is not None and found.logloss > limits.logloss_at_most:
        broken.append(f"log loss {found.logloss:.4f} is above {limits.logloss_at_most:g}")
    if broken:
        return "fail", "; ".join(broken) + "."
    return "pass", (
        f"AUC {found.auc:.4f}, calibration {found.calibration:.3f} and log loss "
        f"{found.logloss:.4f} keep their limits on {found.positives:.0f} positives "
        f"and {found.negatives:.0f} negatives."
    )


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def summary(verdicts: list[CellVerdict], baseline: dict[str, Any]) -> dict[str, Any]:
    """Returns what gate.json holds: the decision, its reasons, the counts and every cell."""
    refusing = [verdict for verdict in verdicts if verdict.refuses]
    counts = {"pass": 0, "fail": 0, "insufficient data": 0}
    for verdict in verdicts:
        counts[verdict.verdict] += 1
    return {
        "blessed": not refusing,
        "reasons": [f"{v.name}: {v.verdict}: {v.reason}" for v in refusing],
        "counts": counts,
        "baseline": baseline,
        "cells": [verdict.as_json() for verdict in verdicts],
    }
