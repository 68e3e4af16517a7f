"""How gates use their experts, after every epoch."""

from __future__ import annotations

from typing import Any

from models.datasets.in_memory import InMemorySplit
from models.export.validation_sample import spread_positions
from models.ranker import Ranker

_ROWS = 2048


class GateSignals:
    """Looks at a model's gates on some of its validation rows.

    Args:
      ranker: the model.
      validation: its validation rows; some, spread evenly, are looked at.
    """

    def __init__(self, ranker: Ranker, validation: InMemorySplit) -> None:
        self._ranker = ranker
        some = validation.at(spread_positions(len(validation), _ROWS))
        self._batch = next(iter(some.in_order(len(some))))

    def logs(self) -> dict[str, Any]:
        """Returns `models.gates.logged` of the weights as they are; {} without gates."""
        return self._ranker.gate_logs(self._batch)
