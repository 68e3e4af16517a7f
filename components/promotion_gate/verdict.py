"""The verdict of every cell, and what the verdicts mean for the candidate."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

from common.json_files import plain_json
from common.names import OVERALL, RESULT_FORMAT
from components.promotion_gate.cells import Cell
from components.promotion_gate.config import GateConfig, Thresholds
from components.promotion_gate.drops import Drop, drops_of_cells
from components.promotion_gate.values import ValueTest, values_of_cells
from models.metrics.names import GAUC, JUDGED
from models.metrics.quality import Quality
from models.metrics.value_intervals import value_interval

Verdict = Literal["pass", "fail", "insufficient data"]

_INCONCLUSIVE = "more rows are needed"


@dataclasses.dataclass(frozen=True)
class CellVerdict:
    """One cell, judged.

    Attributes:
      cell: the numbers.
      verdict: `pass`, `fail` or `insufficient data`.
      reason: one sentence with the numbers that decided.
      refuses: True where this cell alone keeps the candidate from being promoted.
      warning: what people should know though it refuses nothing; None for nothing.
      values: the values that have limits.
    """

    cell: Cell
    verdict: Verdict
    reason: str
    refuses: bool
    warning: str | None = None
    values: Sequence[ValueTest] = ()

    @property
    def name(self) -> str:
        """The cell's name, as overrides write it."""
        return f"{self.cell.output}/{self.cell.scenario}"

    def as_json(self) -> dict[str, Any]:
        """Returns plain values; a number that is not defined is null."""
        candidate, baseline = self.cell.candidate, self.cell.baseline
        values: dict[str, Any] = {
            "output": self.cell.output,
            "scenario": self.cell.scenario,
            "verdict": self.verdict,
            "reason": self.reason,
            "refuses": self.refuses,
            "warning": self.warning,
            "candidate": dataclasses.asdict(candidate),
            "value_intervals": {metric: value_interval(candidate, metric) for metric in JUDGED},
            "limits": {test.metric: test.as_json() for test in self.values},
        }
        if baseline is not None:
            values["baseline"] = dataclasses.asdict(baseline)
            values["difference"] = {
                name: getattr(candidate, name) - getattr(baseline, name) for name in (*JUDGED, GAUC)
            }
            values["intervals"] = {
                name: difference.interval() for name, difference in self.cell.differences.items()
            }
        plain: dict[str, Any] = plain_json(values)
        return plain


def judge_all(cells: Sequence[Cell], config: GateConfig) -> list[CellVerdict]:
    """Judges every cell against its limits, and against the baseline, on evidence.

    A value is outside its limits (`fail`) where that is proved at 2.5 %, one-sided and
    adjusted by Holm over the values of all cells that have limits; it keeps them where its 95 %
    interval lies inside; between the two the cell is `insufficient data`. A drop below the
    baseline is more than its limit, is not, or may be, in the same way, by the interval of
    the difference and with an adjustment of its own over all cells and metrics. So a candidate
    that keeps all limits is refused for a value in about 2.5 % of gates at most, and for a drop
    in as many.
    """
    values, drops = values_of_cells(cells, config), drops_of_cells(cells, config)
    found = zip(cells, values, drops, strict=True)
    return [_judged(cell, config, of_values, of_drops) for cell, of_values, of_drops in found]


def _judged(
    cell: Cell, config: GateConfig, values: Sequence[ValueTest], drops: Sequence[Drop]
) -> CellVerdict:
    early = _without_intervals(cell.candidate, config.thresholds(cell.output, cell.scenario))
    if early is None:
        broken = [test.sentence for test in values if test.broken]
        broken += [drop.sentence for drop in drops if drop.proved]
        if broken:
            early = "fail", "; ".join(broken) + "."
    must_decide = config.must_decide(cell.output, cell.scenario)
    if early is not None:
        verdict, reason = early
        refuses = verdict == "fail" or must_decide
        if refuses and verdict != "fail":
            reason += _more_spans(f"leave '{cell.output}' out of gate.must_have_data")
        return CellVerdict(cell, verdict, reason, refuses, values=values)
    open_values = [test.sentence for test in values if not test.kept]
    open_drops = [drop.sentence for drop in drops if not drop.refuted]
    if not (open_values or open_drops):
        return CellVerdict(cell, "pass", _kept(cell.candidate), False, values=values)
    reason = "; ".join([*open_values, *open_drops]) + f": {_INCONCLUSIVE}."
    if must_decide and open_drops:
        reason += _more_spans(f"leave '{cell.output}' out of gate.must_have_data")
        return CellVerdict(cell, "insufficient data", reason, True, values=values)
    if must_decide and open_values and config.undecided_value == "refuse":
        reason += _more_spans("set gate.undecided_value: warn")
        return CellVerdict(cell, "insufficient data", reason, True, values=values)
    warns = cell.scenario == OVERALL and open_values
    warning = "; ".join(open_values) + f": {_INCONCLUSIVE}." if warns else None
    return CellVerdict(cell, "insufficient data", reason, False, warning, values)


def _more_spans(instead: str) -> str:
    return f" Take more eval spans, or {instead} where that can't be helped."


def _without_intervals(found: Quality, limits: Thresholds) -> tuple[Verdict, str] | None:
    """The verdict that no interval can change; None where the intervals decide."""
    if found.nonfinite_scores:
        return "fail", f"{found.nonfinite_scores:.0f} scores are NaN or infinite."
    if not limits.enough(found.positives, found.negatives):
        return "insufficient data", (
            f"{found.positives:.0f} positives and {found.negatives:.0f} negatives; "
            f"{limits.min_positives} and {limits.min_negatives} are needed."
        )
    undefined = [name for name in JUDGED if not math.isfinite(getattr(found, name))]
    if undefined:
        return "fail", f"{', '.join(undefined)} is not a finite number."
    return None


def _kept(found: Quality) -> str:
    return (
        f"AUC {found.auc:.4f}, calibration {found.calibration:.3f} and log loss "
        f"{found.logloss:.4f} keep their limits on {found.positives:.0f} positives "
        f"and {found.negatives:.0f} negatives."
    )


def summary(verdicts: list[CellVerdict]) -> dict[str, Any]:
    """Returns what gate.json holds: format, decision, reasons, warnings, counts and every cell."""
    refusing = [verdict for verdict in verdicts if verdict.refuses]
    counts = {"pass": 0, "fail": 0, "insufficient data": 0}
    for verdict in verdicts:
        counts[verdict.verdict] += 1
    return {
        "format": RESULT_FORMAT,
        "blessed": not refusing,
        "reasons": [f"{v.name}: {v.verdict}: {v.reason}" for v in refusing],
        "warnings": [f"{v.name}: {v.warning}" for v in verdicts if v.warning],
        "counts": counts,
        "cells": [verdict.as_json() for verdict in verdicts],
    }
