"""The trainings of a study of transfer: which scenarios' rows each learns from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from common.errors import PolyrankError
from models.datasets.in_memory import InMemorySplit
from models.features.inputs import SCENARIO_KEY
from models.trials.data import TrialData

Kind = Literal["joint", "without", "alone"]


@dataclasses.dataclass(frozen=True)
class Variant:
    """What one training learns from.

    Attributes:
      kind: `joint`: all rows; `without`: all but one scenario's; `alone`: one scenario's.
      scenario: that scenario's name; "" for `joint`.
      learned: the names of the scenarios whose rows are learned from.
      folder: the name of its folder; scenarios' names need not be names of files.
    """

    kind: Kind
    scenario: str
    learned: tuple[str, ...]
    folder: str

    @property
    def label(self) -> str:
        """What it is called in lines of progress."""
        return f"{self.kind} {self.scenario}".rstrip()


def variants(data: TrialData) -> list[Variant]:
    """Returns the trainings: jointly first, then without each scenario, then each alone.

    A scenario without train rows can neither be left out nor stand alone, and one without
    validation rows, which choose the epoch, can't stand alone.

    Raises:
      PolyrankError: the log has fewer than two scenarios with train rows.
    """
    names = data.layout.scenarios
    train, validation = rows_of(data.train, names), rows_of(data.validation, names)
    trained = [name for name in names if train[name]]
    if not data.by_scenario or len(trained) < 2:
        have = ", ".join(trained) if data.by_scenario else "no scenario column"
        raise PolyrankError(
            "--transfer needs train rows of two or more scenarios, and the log has "
            f"{have}; name the column of the scenario in the schema, or compare without --transfer"
        )
    found = [Variant("joint", "", names, "joint")]
    for index, name in enumerate(names):
        others = tuple(other for other in names if other != name)
        if train[name] and any(validation[other] for other in others):
            found.append(Variant("without", name, others, f"without-{index}"))
    found += [
        Variant("alone", name, (name,), f"alone-{index}")
        for index, name in enumerate(names)
        if train[name] and validation[name]
    ]
    return found


def rows_of(rows: InMemorySplit, scenarios: Sequence[str]) -> dict[str, int]:
    """Counts the rows of every scenario."""
    counts = np.bincount(rows.column(SCENARIO_KEY), minlength=len(scenarios))
    return dict(zip(scenarios, counts.tolist(), strict=True))
