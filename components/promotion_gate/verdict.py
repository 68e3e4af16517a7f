"""The verdict of every cell, and what the verdicts mean for the candidate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

from common.names import OVERALL, RESULT_FORMAT
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig, Thresholds
from components.promotion_gate.drops import Drop, drops_of_cells
from models.metrics.names import GAUC, JUDGED
from models.metrics.quality import Quality

Verdict = Literal["pass", "fail", "insufficient data"]


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
                    for name in (*JUDGED, GAUC)
                }
            )
            values["intervals"] = {
                name: _plain(difference.interval())
                for name, difference in self.cell.differences.items()
            }
        return values


def judge_all(cells: Sequence[Cell], config: GateConfig) -> list[CellVerdict]:
    """Judges every cell against its limits, and against the baseline on evidence.

    Where a limit is set and a baseline exists, a cell's drop is more than the limit (`fail`)
    where that is proved at 2.5 %, one-sided and adjusted by Holm over all cells and metrics;
    it is not (`pass`) where the 95 % interval lies at or above the limit; and between the two
    it is `insufficient data`.
    """
    drops = drops_of_cells(cells, config)
    return [_judged(cell, config, found) for cell, found in zip(cells, drops, strict=True)]


def _judged(cell: Cell, config: GateConfig, drops: Sequence[Drop]) -> CellVerdict:
    limits = config.thresholds(cell.output, cell.scenario)
    verdict, reason = _judge(cell.candidate, limits, drops)
    needs_data = cell.scenario == OVERALL and (
        config.must_have_data is None or cell.output in config.must_have_data
    )
    refuses = verdict == "fail" or (verdict == "insufficient data" and needs_data)
    if refuses and verdict == "insufficient data":
        reason += (
            f" Take more eval spans, or leave '{cell.output}' out of gate.must_have_data "
            "where that can't be helped."
        )
    return CellVerdict(cell, verdict, reason, refuses)


def _judge(found: Quality, limits: Thresholds, drops: Sequence[Drop]) -> tuple[Verdict, str]:
    if found.nonfinite_scores:
        return "fail", f"{found.nonfinite_scores:.0f} scores are NaN or infinite."
    if found.positives < limits.min_positives or found.negatives < limits.min_negatives:
        return "insufficient data", (
            f"{found.positives:.0f} positives and {found.negatives:.0f} negatives; "
            f"{limits.min_positives} and {limits.min_negatives} are needed."
        )
    undefined = [name for name in JUDGED if not math.isfinite(getattr(found, name))]
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
    broken += [drop.sentence for drop in drops if drop.proved]
    if broken:
        return "fail", "; ".join(broken) + "."
    unsure = [drop.sentence for drop in drops if not drop.refuted]
    if unsure:
        return "insufficient data", "; ".join(unsure) + ": the rows can't tell."
    return "pass", (
        f"AUC {found.auc:.4f}, calibration {found.calibration:.3f} and log loss "
        f"{found.logloss:.4f} keep their limits on {found.positives:.0f} positives "
        f"and {found.negatives:.0f} negatives."
    )


def _plain(value: Any) -> Any:
    """Returns lists and dicts of numbers with null in the place of what is not finite."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value if math.isfinite(value) else None


def summary(verdicts: list[CellVerdict]) -> dict[str, Any]:
    """Returns what gate.json holds: format, decision, reasons, counts and every cell."""
    refusing = [verdict for verdict in verdicts if verdict.refuses]
    counts = {"pass": 0, "fail": 0, "insufficient data": 0}
    for verdict in verdicts:
        counts[verdict.verdict] += 1
    return {
        "format": RESULT_FORMAT,
        "blessed": not refusing,
        "reasons": [f"{v.name}: {v.verdict}: {v.reason}" for v in refusing],
        "counts": counts,
        "cells": [verdict.as_json() for verdict in verdicts],
    }
