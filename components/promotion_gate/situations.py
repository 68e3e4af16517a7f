"""What is new since the baseline, and what that means for the comparison.

The README of this folder has the verdict of every situation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from components.promotion_gate.cells import Cell
from components.promotion_gate.config import OVERALL


@dataclasses.dataclass(frozen=True)
class Rival:
    """The baseline.

    Attributes:
      version: None where there is none to compare with.
      reason: why there is none.
      scenarios: those it was trained for; empty where the registry does not know.
    """

    version: str | None
    reason: str | None = None
    scenarios: tuple[str, ...] = ()


def without_new_scenarios(cells: Sequence[Cell], rival: Rival) -> list[Cell]:
    """Returns the cells; those of scenarios that the baseline never saw lose its numbers."""
    return [
        dataclasses.replace(cell, baseline=None, differences={})
        if rival.scenarios and cell.scenario not in (OVERALL, *rival.scenarios)
        else cell
        for cell in cells
    ]


def situations(scenarios: Sequence[str], rival: Rival) -> list[str]:
    """Returns a sentence for everything that is new.

    Args:
      scenarios: today's.
      rival: the baseline.
    """
    if rival.version is None:
        return [f"There is no baseline, {rival.reason}: only the limits on values decide."]
    if not rival.scenarios:
        return []
    version = f"version {rival.version}"
    new = [name for name in scenarios if name not in rival.scenarios]
    gone = [name for name in rival.scenarios if name not in scenarios]
    found = [f"Scenario '{x}' is new since {version}: it is compared with nothing." for x in new]
    return found + [
        f"Scenario '{x}' of {version} is not in the schema any more: nothing is known of its rows."
        for x in gone
    ]
