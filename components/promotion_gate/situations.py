"""What is new since the baseline, and what that means for the comparison.

The README of this folder has the verdict of every situation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from common.names import OVERALL
from components.promotion_gate.cells import Cell


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The baseline.

    Attributes:
      version: None where there is none to compare with.
      reason: why there is none.
      scenarios: those it was trained for; empty where the registry does not know.
    """

    version: str | None
    reason: str | None = None
    scenarios: tuple[str, ...] = ()


def without_new_scenarios(cells: Sequence[Cell], baseline: Baseline) -> list[Cell]:
    """Returns the cells; those of scenarios that the baseline never saw lose its numbers."""
    return [
        dataclasses.replace(cell, baseline=None, differences={})
        if baseline.scenarios and cell.scenario not in (OVERALL, *baseline.scenarios)
        else cell
        for cell in cells
    ]


def situations(scenarios: Sequence[str], baseline: Baseline) -> list[str]:
    """Returns a sentence for everything that is new.

    Args:
      scenarios: today's.
      baseline: the baseline.
    """
    if baseline.version is None:
        return [f"There is no baseline, {baseline.reason}: only the limits on values decide."]
    if not baseline.scenarios:
        return []
    version = f"version {baseline.version}"
    new = [name for name in scenarios if name not in baseline.scenarios]
    gone = [name for name in baseline.scenarios if name not in scenarios]
    found = [f"Scenario '{x}' is new since {version}: it is compared with nothing." for x in new]
    return found + [
        f"Scenario '{x}' of {version} is not in the schema any more: nothing is known of its rows."
        for x in gone
    ]
